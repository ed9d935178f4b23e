import { type Clock, type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';

/** The right to load a key, held by one process at a time. */
export interface Lease {
  readonly key: string;
  readonly token: string;
}

/** Without the bus: from 5 ms, doubling. With it only to be safe. */
const FIRST_POLL_MS = 5;
const LAST_POLL_MS = 100;
const SAFETY_POLL_MS = 250;

/** Waits for a load of another process: who waits is woken by the bus, or looks again after a pause that grows. */
export class LeaseWaiter {
  readonly #waiters: LeaseWaiters;
  readonly #key: string;
  #wake: (() => void) | undefined;
  #woken = false;

  constructor(waiters: LeaseWaiters, key: string) {
    this.#waiters = waiters;
    this.#key = key;
  }

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Resolves when it is time to look again. A message that came since it was made counts. */
  async pause(busTrusted: boolean, mostMs: number, pauses: number): Promise<void> {
    const growing = Math.min(LAST_POLL_MS, FIRST_POLL_MS * 2 ** Math.min(pauses, 10));
    const pauseMs = Math.min(mostMs, busTrusted ? SAFETY_POLL_MS : growing);
    let deadline: Deadline | undefined;
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline = this.#waiters.deadlines.add(pauseMs, resolve);
      });
    }
    deadline?.cancel();
    this.#wake = undefined;
    this.#woken = false;
  }

  end(): void {
    this.#waiters.remove(this.#key, this);
  }
}

export class LeaseWaiters {
  readonly deadlines: DeadlineQueue;
  readonly #waiters = new Map<string, Set<LeaseWaiter>>();

  constructor(clock: Clock) {
    this.deadlines = deadlinesOf(clock);
  }

  add(key: string): LeaseWaiter {
    const waiter = new LeaseWaiter(this, key);
    const others = this.#waiters.get(key);
    if (others === undefined) this.#waiters.set(key, new Set([waiter]));
    else others.add(waiter);
    return waiter;
  }

  remove(key: string, waiter: LeaseWaiter): void {
    const waiters = this.#waiters.get(key);
    if (waiters?.delete(waiter) && waiters.size === 0) this.#waiters.delete(key);
  }

  wake(key: string): void {
    for (const waiter of this.#waiters.get(key) ?? []) waiter.wake();
  }

  wakeAll(): void {
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.wake();
  }

  get size(): number {
    return this.#waiters.size;
  }
}
