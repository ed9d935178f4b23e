import { type Deadline, type DeadlineQueue, onAbort } from '@mainstay/core';
import type { LoadToken } from './load-tokens.js';
import type { EntrySettings } from './options.js';
import type { Captured } from './redis-level.js';
import type { LoadContext, Loader } from './types.js';

/** One fetch of one key, and all callers who wait for it. */
export class Flight {
  readonly key: string;
  readonly load: Loader<unknown>;
  readonly settings: EntrySettings;
  readonly token: LoadToken;
  /** Nobody asked for it to be waited for: it refreshes a stale value. */
  readonly background: boolean;
  /** What Redis held, if it was asked before this flight began. */
  readonly captured: Captured | undefined;
  readonly askRedis: boolean;
  readonly promise: Promise<unknown>;
  settled = false;
  startedAt = 0;
  #resolve: (value: unknown) => void = nothing;
  #reject: (error: unknown) => void = nothing;
  #context: LoadCall | undefined;
  #deadline: Deadline | undefined;
  #leavers = 0;
  #stays: boolean;
  readonly #abandon: (flight: Flight, reason: unknown) => void;

  constructor(plan: FlightPlan, abandon: (flight: Flight, reason: unknown) => void) {
    this.key = plan.key;
    this.load = plan.load;
    this.settings = plan.settings;
    this.token = plan.token;
    this.background = plan.background;
    this.captured = plan.captured;
    this.askRedis = plan.askRedis;
    this.#stays = plan.background;
    this.#abandon = abandon;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Everybody who waited may have gone when it fails.
    this.promise.catch(nothing);
  }

  get context(): LoadContext {
    this.#context ??= new LoadCall(this.key);
    return this.#context;
  }

  /** Without a signal every caller gets the same promise, so that ten thousand of them cost no more than the lookup. */
  wait(signal: AbortSignal | undefined): Promise<unknown> {
    if (signal === undefined) {
      this.#stays = true;
      return this.promise;
    }
    this.#leavers += 1;
    return new Promise((resolve, reject) => {
      const stop = onAbort(signal, (reason) => {
        reject(reason);
        this.#leavers -= 1;
        if (this.#leavers === 0 && !this.#stays && !this.settled) this.#abandon(this, reason);
      });
      const settle = (): void => {
        stop();
        this.promise.then(resolve, reject);
      };
      this.promise.then(settle, settle);
    });
  }

  limit(deadlines: DeadlineQueue, timeoutMs: number, expired: () => void): void {
    this.#deadline = deadlines.add(timeoutMs, expired, { keepAlive: !this.background });
  }

  resolve(value: unknown): void {
    this.#settle();
    this.#resolve(value);
  }

  reject(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  abort(reason: unknown): void {
    this.#context?.abort(reason);
  }

  #settle(): void {
    this.settled = true;
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }
}

/** What the loader sees. An AbortController costs more than all the rest of a load, so it is made when it is asked for. */
class LoadCall implements LoadContext {
  readonly key: string;
  #controller: AbortController | undefined;
  #aborted: { reason: unknown } | undefined;

  constructor(key: string) {
    this.key = key;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }
}

export interface FlightPlan {
  key: string;
  load: Loader<unknown>;
  settings: EntrySettings;
  token: LoadToken;
  background: boolean;
  captured: Captured | undefined;
  askRedis: boolean;
}

function nothing(): void {}
