import { type Clock, type Deadline, type DeadlineQueue, onAbort } from '@mainstay/core';
import type { PoolCounters } from './counters.js';
import type { Holding, Trace } from './holding.js';
import { type Place, type Settle, Waiter, WaiterQueue } from './waiters.js';

export interface AcquireQueueHost {
  clock: Clock;
  deadlines: DeadlineQueue;
  counters: PoolCounters;
  /** For callers who give none of their own; 0: no limit. */
  timeoutMs: number;
  /** A caller's deadline passed: the error it gets. */
  timedOut: (waitedMs: number, holding: Holding | undefined) => unknown;
}

/** Sums of times are off by less than this; without it a deadline could be met an instant before it is due, for ever. */
const ROUNDING_MS = 0.001;

/** What sets a caller apart from the usual one. */
export interface Particulars {
  /** Instead of the pool's; 0: no limit. */
  timeoutMs: number | undefined;
  signal: AbortSignal | undefined;
  priority: number;
  trace: Trace | undefined;
  holding: Holding | undefined;
}

/**
 * Callers who wait for a resource: the highest priority first, first come, first served within one; each leaves at its
 * deadline or when its signal is aborted.
 *
 * The usual caller has the pool's own timeout and nothing else. These are due in the order they came, so one deadline, for
 * the first of them, serves all, and each costs the queue a function and a number.
 */
export class AcquireQueue<T> {
  readonly #usual = new WaiterQueue<T>();
  /** By priority; those of priority 0 are in the usual one. */
  readonly #preferred: WaiterQueue<T>[] = [];
  readonly #host: AcquireQueueHost;
  readonly #enqueue: (settle: Settle<T>) => void;
  #preferredWaiting = 0;
  #common: Deadline | undefined;
  #sweeping = false;
  /** Callers who wait. */
  size = 0;
  /** When the one that was taken last had come. */
  takenSince = 0;

  constructor(host: AcquireQueueHost) {
    this.#host = host;
    this.#enqueue = (settle) => {
      const now = host.clock.now();
      this.#usual.push(settle, now);
      this.size += 1;
      if (host.timeoutMs > 0 && this.#common === undefined) this.#watch(now + host.timeoutMs, now);
    };
  }

  /** Callers who would be served before one with this priority. */
  ahead(priority: number): number {
    if (this.#preferredWaiting === 0) return priority === 0 ? this.#usual.size : 0;
    let ahead = priority === 0 ? this.#usual.size : 0;
    for (let other = Math.max(priority, 1); other < this.#preferred.length; other++) {
      ahead += this.#preferred[other]?.size ?? 0;
    }
    return ahead;
  }

  enter(): Promise<T> {
    return new Promise(this.#enqueue as (settle: (loan: T | PromiseLike<T>) => void) => void);
  }

  enterWith(particulars: Particulars): Promise<T> {
    return new Promise((resolve) => {
      const { clock, deadlines, timeoutMs } = this.#host;
      const { signal, priority } = particulars;
      const waiter = new Waiter<T>(resolve, clock.now());
      waiter.trace = particulars.trace;
      waiter.holding = particulars.holding;
      const limit = particulars.timeoutMs ?? timeoutMs;
      if (limit > 0) waiter.deadline = deadlines.add(limit, () => this.#timeOut(waiter, priority));
      if (signal !== undefined) {
        waiter.leaveSignal = onAbort(signal, (reason) => this.#abort(waiter, priority, reason));
      }
      this.#line(priority).push(waiter, waiter.since);
      this.size += 1;
      if (priority > 0) this.#preferredWaiting += 1;
    });
  }

  /** The caller whose turn it is: its deadline is off, and it is the taker's to settle. */
  shift(): Place<T> | undefined {
    const line = this.#preferredWaiting > 0 ? this.#firstPreferred() : this.#usual;
    const place = line.shift();
    if (place === undefined) return undefined;
    this.size -= 1;
    this.takenSince = line.takenSince;
    if (line !== this.#usual) this.#preferredWaiting -= 1;
    if (typeof place !== 'function') this.#settled(place);
    if (this.#common !== undefined && this.size === 0) this.#rest();
    return place;
  }

  /** When the caller came whose turn it is; Infinity: nobody waits. */
  firstSince(): number {
    return (this.#preferredWaiting > 0 ? this.#firstPreferred() : this.#usual).firstSince();
  }

  rejectAll(error: unknown): void {
    for (let place = this.shift(); place !== undefined; place = this.shift()) {
      (typeof place === 'function' ? place : place.settle)(Promise.reject(error));
    }
  }

  /** Callers of whom more is known: those who hold something already are among them. */
  walkKnown(visit: (waiter: Waiter<T>) => void): void {
    this.#usual.walkKnown(visit);
    for (const line of this.#preferred) line?.walkKnown(visit);
  }

  #line(priority: number): WaiterQueue<T> {
    if (priority === 0) return this.#usual;
    const known = this.#preferred[priority];
    if (known !== undefined) return known;
    const line = new WaiterQueue<T>();
    this.#preferred[priority] = line;
    return line;
  }

  #firstPreferred(): WaiterQueue<T> {
    for (let priority = this.#preferred.length - 1; priority > 0; priority--) {
      const line = this.#preferred[priority];
      if (line !== undefined && line.size > 0) return line;
    }
    return this.#usual;
  }

  #timeOut(waiter: Waiter<T>, priority: number): void {
    this.#leave(waiter, priority);
    this.#host.counters.acquireTimeouts += 1;
    const waitedMs = this.#host.clock.now() - waiter.since;
    waiter.settle(Promise.reject(this.#host.timedOut(waitedMs, waiter.holding)));
  }

  #abort(waiter: Waiter<T>, priority: number, reason: unknown): void {
    this.#leave(waiter, priority);
    this.#host.counters.acquireAborted += 1;
    waiter.settle(Promise.reject(reason));
  }

  #leave(waiter: Waiter<T>, priority: number): void {
    this.#line(priority).forget(waiter);
    this.size -= 1;
    if (priority > 0) this.#preferredWaiting -= 1;
    this.#settled(waiter);
    if (this.size === 0) this.#rest();
  }

  #settled(waiter: Waiter<T>): void {
    waiter.settled = true;
    waiter.deadline?.cancel();
    waiter.leaveSignal?.();
  }

  /** The common deadline keeps the process alive: not longer than somebody waits. */
  #rest(): void {
    this.#common?.cancel();
    this.#common = undefined;
  }

  #watch(dueAt: number, now: number): void {
    if (!this.#sweeping) this.#common ??= this.#host.deadlines.add(dueAt - now, this.#sweep);
  }

  readonly #sweep = (): void => {
    const { clock, counters, timeoutMs, timedOut } = this.#host;
    const now = clock.now();
    this.#common = undefined;
    this.#sweeping = true;
    const due = this.#usual.takeUpTo(now - timeoutMs + ROUNDING_MS);
    this.size -= due.length;
    for (const { settle, since } of due) {
      counters.acquireTimeouts += 1;
      settle(Promise.reject(timedOut(now - since, undefined)));
    }
    this.#sweeping = false;
    const earliest = this.#usual.earliest();
    if (earliest !== undefined) this.#watch(earliest + timeoutMs, now);
  };
}
