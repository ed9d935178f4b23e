import { type Deadline, type DeadlineQueue, onAbort } from '@mainstay/core';
import type { Lease } from './leases.js';
import type { LoadToken } from './load-tokens.js';
import { type EntrySettings, readLifetimes } from './options.js';
import type { Lifetimes, LoadContext, Loader } from './types.js';

/** One fetch of one key, and all callers who wait for it. */
export class Flight {
  readonly key: string;
  readonly load: Loader<unknown>;
  readonly settings: EntrySettings;
  /** Renewed when Redis is asked again. */
  token: LoadToken;
  /** Nobody asks for it to be waited for, or nobody waits any longer: it refreshes a stale value. */
  background: boolean;
  #promise: Promise<unknown>;
  #awaited = false;
  /** What keeps other processes from loading the same. */
  lease: Lease | undefined;
  /** Another process was loading it. */
  waited = false;
  pauses = 0;
  settled = false;
  startedAt = 0;
  #resolve: (value: unknown) => void = nothing;
  #reject: (error: unknown) => void = nothing;
  #context: LoadCall | undefined;
  readonly #deadlines: Deadline[] = [];
  #leavers = 0;
  #stays: boolean;
  readonly #stale: () => unknown;
  readonly #abandon: (flight: Flight, reason: unknown) => void;

  constructor(plan: FlightPlan, abandon: (flight: Flight, reason: unknown) => void) {
    this.key = plan.key;
    this.load = plan.load;
    this.settings = plan.settings;
    this.token = plan.token;
    this.background = plan.background;
    this.#stale = plan.stale;
    this.#stays = plan.background;
    this.#abandon = abandon;
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Everybody who waited may have gone when it fails.
    this.#promise.catch(nothing);
  }

  get context(): LoadContext {
    this.#context ??= new LoadCall(this.key, this.background, this.#stale);
    return this.#context;
  }

  /** Without a signal every caller gets the same promise, so that ten thousand of them cost no more than the lookup. */
  share(): Promise<unknown> {
    this.#awaited = true;
    this.#stays = true;
    return this.#promise;
  }

  wait(signal: AbortSignal | undefined): Promise<unknown> {
    if (signal === undefined) return this.share();
    const promise = this.#promise;
    this.#awaited = true;
    this.#leavers += 1;
    return new Promise((resolve, reject) => {
      const stop = onAbort(signal, (reason) => {
        reject(reason);
        this.#leavers -= 1;
        if (this.#leavers === 0 && !this.#stays && !this.settled) this.#abandon(this, reason);
      });
      const settle = (): void => {
        stop();
        promise.then(resolve, reject);
      };
      promise.then(settle, settle);
    });
  }

  limit(deadlines: DeadlineQueue, timeoutMs: number, expired: () => void): void {
    this.#deadlines.push(deadlines.add(timeoutMs, expired, { keepAlive: !this.background }));
  }

  /** Answers who waits before the load has ended; it goes on as a refresh. */
  answerEarly(value: unknown): void {
    this.background = true;
    this.#stays = true;
    this.#resolve(value);
  }

  /** What the loader said about how long its value is kept, over what its caller said. */
  get lifetimes(): Lifetimes | undefined {
    return this.#context?.lifetimes;
  }

  resolve(value: unknown): void {
    this.#settle();
    this.#resolve(value);
    this.#letGo();
  }

  reject(error: unknown): void {
    this.#settle();
    this.#reject(error);
    this.#letGo();
  }

  abort(reason: unknown): void {
    this.#context?.abort(reason);
  }

  /**
   * Nobody can join any more, and who waits has the promise. A flight itself outlives that: a Map that was rehashed leaves its old
   * table behind, which keeps what was in it until a full collection; with the values this was two thirds of all that was promoted.
   */
  #letGo(): void {
    if (!this.#awaited) return;
    this.#promise = OVER;
    this.#resolve = nothing;
    this.#reject = nothing;
  }

  #settle(): void {
    this.settled = true;
    for (const deadline of this.#deadlines.splice(0)) deadline.cancel();
  }
}

/** What the loader sees. An AbortController costs more than all the rest of a load, so it is made when it is asked for. */
class LoadCall implements LoadContext {
  readonly key: string;
  readonly background: boolean;
  lifetimes: Lifetimes | undefined;
  readonly #stale: () => unknown;
  #controller: AbortController | undefined;
  #aborted: { reason: unknown } | undefined;

  constructor(key: string, background: boolean, stale: () => unknown) {
    this.key = key;
    this.background = background;
    this.#stale = stale;
  }

  get stale(): unknown {
    return this.#stale();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  keepFor(lifetimes: Lifetimes): void {
    this.lifetimes = readLifetimes(lifetimes);
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
  /** What memory would answer if the load failed. */
  stale: () => unknown;
}

const OVER: Promise<unknown> = Promise.resolve();

function nothing(): void {}
