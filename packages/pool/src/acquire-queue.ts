import { type Clock, type Deadline, type DeadlineQueue, onAbort } from '@mainstay/core';
import type { PoolCounters } from './counters.js';
import type { Lease } from './lease.js';
import { Waiter, WaiterQueue } from './waiters.js';

export interface AcquireQueueHost {
  clock: Clock;
  deadlines: DeadlineQueue;
  counters: PoolCounters;
  /** For callers who give none of their own; 0: no limit. */
  timeoutMs: number;
  /** A caller's deadline passed: the error it gets. */
  timedOut: (waitedMs: number) => unknown;
}

/**
 * Callers who wait for a resource, first come, first served; each leaves at its deadline or when its signal is aborted.
 *
 * Those with the pool's own timeout are due in the order they came, so one deadline, for the first of them, serves all.
 */
export class AcquireQueue<R> {
  readonly #waiters = new WaiterQueue<R>();
  readonly #host: AcquireQueueHost;
  #common: Deadline | undefined;
  #sweeping = false;

  constructor(host: AcquireQueueHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** @param ownTimeoutMs instead of the pool's; 0: no limit */
  enter(ownTimeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<Lease<R>> {
    return new Promise((resolve, reject) => {
      const { clock, deadlines, timeoutMs } = this.#host;
      const now = clock.now();
      const common = ownTimeoutMs === undefined && timeoutMs > 0;
      const waiter = new Waiter<R>(resolve, reject, now, common ? now + timeoutMs : Number.POSITIVE_INFINITY);
      if (common) this.#watch(waiter.dueAt, now);
      else if (ownTimeoutMs !== undefined && ownTimeoutMs > 0) {
        waiter.deadline = deadlines.add(ownTimeoutMs, () => this.#timeOut(waiter));
      }
      if (signal !== undefined) waiter.leaveSignal = onAbort(signal, (reason) => this.#abort(waiter, reason));
      this.#waiters.push(waiter);
    });
  }

  /** The caller who has waited for the longest: its deadline is off, and it is the taker's to settle. */
  shift(): Waiter<R> | undefined {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) this.#settle(waiter);
    return waiter;
  }

  rejectAll(error: unknown): void {
    for (let waiter = this.shift(); waiter !== undefined; waiter = this.shift()) waiter.reject(error);
  }

  #timeOut(waiter: Waiter<R>): void {
    this.#waiters.forget(waiter);
    this.#settle(waiter);
    this.#host.counters.acquireTimeouts += 1;
    waiter.reject(this.#host.timedOut(this.#host.clock.now() - waiter.since));
  }

  #abort(waiter: Waiter<R>, reason: unknown): void {
    this.#waiters.forget(waiter);
    this.#settle(waiter);
    this.#host.counters.acquireAborted += 1;
    waiter.reject(reason);
  }

  #settle(waiter: Waiter<R>): void {
    waiter.settled = true;
    waiter.deadline?.cancel();
    waiter.leaveSignal?.();
    // It keeps the process alive: not longer than somebody waits.
    if (this.#waiters.size > 0 || this.#common === undefined) return;
    this.#common.cancel();
    this.#common = undefined;
  }

  #watch(dueAt: number, now: number): void {
    if (!this.#sweeping) this.#common ??= this.#host.deadlines.add(dueAt - now, this.#sweep);
  }

  readonly #sweep = (): void => {
    const now = this.#host.clock.now();
    const due: Waiter<R>[] = [];
    this.#waiters.walk((waiter) => {
      if (waiter.dueAt <= now) due.push(waiter);
      return waiter.dueAt <= now || waiter.dueAt === Number.POSITIVE_INFINITY;
    });
    this.#common = undefined;
    this.#sweeping = true;
    // A listener of the first one's timeout may release what the next one waits for, or ask for more itself.
    for (const waiter of due) if (!waiter.settled) this.#timeOut(waiter);
    this.#sweeping = false;
    this.#waiters.walk((waiter) => {
      if (waiter.dueAt === Number.POSITIVE_INFINITY) return true;
      this.#watch(waiter.dueAt, now);
      return false;
    });
  };
}
