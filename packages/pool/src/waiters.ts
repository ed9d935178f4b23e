import type { Deadline } from '@mainstay/core';
import type { Lease } from './lease.js';

/** A caller in the queue. */
export class Waiter<R> {
  settled = false;
  readonly resolve: (lease: Lease<R>) => void;
  readonly reject: (reason: unknown) => void;
  readonly since: number;
  /** When its turn in the queue's common deadline is over; Infinity without a limit or with a deadline of its own. */
  readonly dueAt: number;
  deadline: Deadline | undefined = undefined;
  leaveSignal: (() => void) | undefined = undefined;

  constructor(
    resolve: (lease: Lease<R>) => void,
    reject: (reason: unknown) => void,
    since: number,
    dueAt: number,
  ) {
    this.resolve = resolve;
    this.reject = reject;
    this.since = since;
    this.dueAt = dueAt;
  }
}

const SMALLEST = 16;

/**
 * Callers in the order they came, in a ring buffer whose length is a power of two.
 *
 * One that gives up is only marked; its place is freed when it reaches the head, or when more than half of the ring is such
 * places: every operation takes constant time, amortised, and the ring never holds more than twice as many as are waiting
 * (16 at least).
 */
export class WaiterQueue<R> {
  #ring: (Waiter<R> | undefined)[] = new Array(SMALLEST).fill(undefined);
  #head = 0;
  #places = 0;
  #waiting = 0;

  /** Callers that still wait. */
  get size(): number {
    return this.#waiting;
  }

  push(waiter: Waiter<R>): void {
    if (this.#places === this.#ring.length) this.#rebuild(this.#waiting + 1);
    this.#ring[(this.#head + this.#places) & (this.#ring.length - 1)] = waiter;
    this.#places += 1;
    this.#waiting += 1;
  }

  /** The caller that has waited for the longest; it no longer counts as waiting and must be settled by the taker. */
  shift(): Waiter<R> | undefined {
    while (this.#places > 0) {
      const waiter = this.#ring[this.#head] as Waiter<R>;
      this.#ring[this.#head] = undefined;
      this.#head = (this.#head + 1) & (this.#ring.length - 1);
      this.#places -= 1;
      if (waiter.settled) continue;
      this.#waiting -= 1;
      return waiter;
    }
    return undefined;
  }

  /** For a waiter that was settled where it stands (timeout, abort). */
  forget(waiter: Waiter<R>): void {
    waiter.settled = true;
    this.#waiting -= 1;
    if (this.#places > SMALLEST && this.#waiting < this.#places >> 1) this.#rebuild(this.#waiting);
  }

  /** Those who wait, in their order, until the callback returns false. It must not change the queue. */
  walk(visit: (waiter: Waiter<R>) => boolean): void {
    for (let offset = 0; offset < this.#places; offset++) {
      const waiter = this.#ring[(this.#head + offset) & (this.#ring.length - 1)] as Waiter<R>;
      if (!waiter.settled && !visit(waiter)) return;
    }
  }

  #rebuild(needed: number): void {
    let length = SMALLEST;
    while (length < needed) length *= 2;
    const ring: (Waiter<R> | undefined)[] = new Array(length).fill(undefined);
    let places = 0;
    for (let offset = 0; offset < this.#places; offset++) {
      const waiter = this.#ring[(this.#head + offset) & (this.#ring.length - 1)] as Waiter<R>;
      if (waiter.settled) continue;
      ring[places] = waiter;
      places += 1;
    }
    this.#ring = ring;
    this.#head = 0;
    this.#places = places;
  }
}
