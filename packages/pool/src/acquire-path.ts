import type { Clock } from '@mainstay/core';
import { type AcquireOptions, readAcquireOptions } from './acquire-options.js';
import type { AcquireQueue } from './acquire-queue.js';
import type { PoolCounters } from './counters.js';
import type { Diagnostics } from './diagnosis.js';
import type { Entry } from './entry.js';
import { acquireTimeoutError, overloadedError, PoolClosedError, queueFullError } from './errors.js';
import { Forecast } from './forecast.js';
import { type Holding, heldHere } from './holding.js';
import type { Entrance, Lending } from './lending.js';
import type { Manners } from './manners.js';
import type { CheckedPoolOptions } from './options.js';
import type { Resources } from './resources.js';

/** What a pool gives its callers: a lease, or what a facade makes of a loan. */
export interface Presentation<R, T> {
  /** Called when a loan begins. */
  present: (entry: Entry<R>) => T;
  /** What a caller is told instead of an error of the pool. */
  inWords: (error: unknown) => unknown;
}

export interface AcquirePathHost<R, T> {
  counters: PoolCounters;
  queue: AcquireQueue<T>;
  resources: Resources<R>;
  manners: Manners;
  diagnostics: Diagnostics<R>;
}

/** What happens to a caller of `acquire`: served at once, turned away on arrival, or in the queue until something is free. */
export class AcquirePath<R, T> {
  closed = false;
  presentation: Presentation<R, T>;
  readonly #options: CheckedPoolOptions<R>;
  readonly #clock: Clock;
  readonly #counters: PoolCounters;
  readonly #resources: Resources<R>;
  readonly #lending: Lending<R>;
  readonly #diagnostics: Diagnostics<R>;
  readonly #queue: AcquireQueue<T>;
  readonly #manners: Manners;
  readonly #forecast = new Forecast();

  constructor(options: CheckedPoolOptions<R>, host: AcquirePathHost<R, T>, presentation: Presentation<R, T>) {
    this.#options = options;
    this.#clock = options.clock;
    this.#counters = host.counters;
    this.#resources = host.resources;
    this.#lending = host.resources.lending;
    this.#diagnostics = host.diagnostics;
    this.#queue = host.queue;
    this.#manners = host.manners;
    this.presentation = presentation;
  }

  /** Lends what is ready now to the caller of `entrance`, whose it is to present. */
  obtain(entrance: Entrance): Entry<R> | undefined {
    if (this.#queue.size > 0) return undefined;
    const now = this.#clock.coarseNow();
    const entry = this.#resources.take(now);
    if (entry !== undefined) this.#lending.lend(entry, now, entrance);
    return entry;
  }

  wait(options: AcquireOptions, entrance: Entrance): Promise<T> {
    const { signal } = options;
    try {
      const { timeoutMs, priority } = readAcquireOptions(options);
      const refusal = this.#refusal(signal, priority, timeoutMs ?? this.#options.acquireTimeoutMs);
      if (refusal !== undefined) return Promise.reject(this.presentation.inWords(refusal.error));
      const now = this.#clock.coarseNow();
      if (this.#queue.size === 0) this.#forecast.begin(now);
      const trace = this.#lending.trace(now, entrance);
      const holding = heldHere();
      const usual = timeoutMs === undefined && priority === 0 && (signal ?? trace ?? holding) === undefined;
      const promise = usual
        ? this.#queue.enter()
        : this.#queue.enterWith({ timeoutMs, signal, priority, trace, holding });
      this.#resources.provision();
      return promise;
    } catch (error) {
      return Promise.reject(this.presentation.inWords(error));
    }
  }

  /** Lends a resource to the caller whose turn it is. @param entry ready since this moment */
  lendToFirst(entry: Entry<R>): void {
    const place = this.#queue.shift();
    if (place === undefined) return;
    const now = entry.since;
    // The coarse time may be older than the caller's arrival.
    const waitedMs = Math.max(0, now - this.#queue.takenSince);
    this.#forecast.handedOver(now);
    this.#counters.waited += 1;
    this.#counters.acquireWaitMs += waitedMs;
    const usual = typeof place === 'function';
    this.#lending.lendTo(entry, now, usual ? undefined : place.trace, waitedMs);
    (usual ? place : place.settle)(this.presentation.present(entry));
  }

  /** The creation of a caller who had come before `startedAt` has failed; he may have given up meanwhile. */
  failFirst(error: unknown, startedAt: number): void {
    if (this.#queue.firstSince() > startedAt) return;
    const place = this.#queue.shift();
    if (place === undefined) return;
    this.#counters.unreachable += 1;
    (typeof place === 'function' ? place : place.settle)(Promise.reject(this.presentation.inWords(error)));
  }

  /** Nothing is open and nothing can be opened: who waits gets the reason. */
  failAll(error: unknown): void {
    this.#counters.unreachable += this.#queue.size;
    this.#queue.rejectAll(this.presentation.inWords(error));
  }

  close(): void {
    this.closed = true;
    this.#queue.rejectAll(this.presentation.inWords(new PoolClosedError(this.#options.name)));
    this.#resources.warming.failed(new PoolClosedError(this.#options.name));
  }

  /** The error of a caller whose deadline has passed. */
  timedOut(waitedMs: number, holding: Holding | undefined): unknown {
    const error = acquireTimeoutError(
      this.#diagnostics.diagnose(waitedMs, holding),
      this.#resources.dialer.lastError,
    );
    const { events } = this.#lending;
    if (events?.has('timeout')) events.emit('timeout', { error });
    return this.presentation.inWords(error);
  }

  #refusal(
    signal: AbortSignal | undefined,
    priority: number,
    timeoutMs: number,
  ): { error: unknown } | undefined {
    const { name, maxQueued } = this.#options;
    if (this.closed) return { error: new PoolClosedError(name) };
    if (signal?.aborted) {
      this.#counters.acquireAborted += 1;
      return { error: signal.reason };
    }
    if (this.#resources.unreachable) {
      this.#counters.unreachable += 1;
      this.#resources.probe();
      return { error: this.#resources.dialer.lastError };
    }
    const surplus = this.#queue.size - this.#resources.obtainable;
    if (surplus < 0) return undefined;
    const error = surplus >= maxQueued ? queueFullError(name, maxQueued) : this.#tooSlow(priority, timeoutMs);
    if (error === undefined) return undefined;
    this.#counters.refused += 1;
    return { error };
  }

  #tooSlow(priority: number, timeoutMs: number): unknown {
    const ahead = this.#queue.ahead(priority);
    // The first in the queue always may wait: it finds out whether things have become better.
    if (ahead === 0 || timeoutMs === 0 || !this.#manners.predicts) return undefined;
    const predictedMs = this.#forecast.waitMs(ahead, this.#clock.coarseNow());
    return predictedMs > timeoutMs ? overloadedError(this.#options.name, predictedMs, timeoutMs) : undefined;
  }
}
