import { type Clock, type DeadlineQueue, onAbort } from '@mainstay/core';
import type { PoolCounters } from './counters.js';
import type { Lease } from './lease.js';
import { Waiter, WaiterQueue } from './waiters.js';

export interface AcquireQueueHost {
  clock: Clock;
  deadlines: DeadlineQueue;
  counters: PoolCounters;
  /** A caller's deadline passed: the error it gets. */
  timedOut: (waitedMs: number) => unknown;
}

/** Callers who wait for a resource, first come, first served; each leaves at its deadline or when its signal is aborted. */
export class AcquireQueue<R> {
  readonly #waiters = new WaiterQueue<R>();
  readonly #host: AcquireQueueHost;

  constructor(host: AcquireQueueHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** @param timeoutMs 0: no limit */
  enter(timeoutMs: number, signal: AbortSignal | undefined): Promise<Lease<R>> {
    return new Promise((resolve, reject) => {
      const { clock, deadlines } = this.#host;
      const waiter = new Waiter<R>(resolve, reject, clock.coarseNow());
      if (timeoutMs > 0) waiter.deadline = deadlines.add(timeoutMs, () => this.#timeOut(waiter));
      if (signal !== undefined) waiter.leaveSignal = onAbort(signal, (reason) => this.#abort(waiter, reason));
      this.#waiters.push(waiter);
    });
  }

  /** The caller who has waited for the longest: its deadline is off, and it is the taker's to settle. */
  shift(): Waiter<R> | undefined {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) settle(waiter);
    return waiter;
  }

  rejectAll(error: unknown): void {
    for (let waiter = this.shift(); waiter !== undefined; waiter = this.shift()) waiter.reject(error);
  }

  #timeOut(waiter: Waiter<R>): void {
    this.#waiters.forget(waiter);
    settle(waiter);
    this.#host.counters.acquireTimeouts += 1;
    waiter.reject(this.#host.timedOut(this.#host.clock.now() - waiter.since));
  }

  #abort(waiter: Waiter<R>, reason: unknown): void {
    this.#waiters.forget(waiter);
    settle(waiter);
    this.#host.counters.acquireAborted += 1;
    waiter.reject(reason);
  }
}

function settle<R>(waiter: Waiter<R>): void {
  waiter.settled = true;
  waiter.deadline?.cancel();
  waiter.leaveSignal?.();
}
