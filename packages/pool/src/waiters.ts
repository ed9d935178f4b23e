import type { Deadline } from '@mainstay/core';
import type { Holding, Trace } from './holding.js';

/** Settles a caller's promise. One that is to be rejected is resolved with a rejected promise: one closure less to keep. */
export type Settle<T> = (loan: T | Promise<never>) => void;

/** A caller in the queue of whom more is known than when it came: it has a deadline or a signal of its own, and so on. */
export class Waiter<T> {
  /** As with leases: without one, the code of the queue would be optimised anew after each collection of garbage. */
  static readonly example: object = new Waiter(() => {}, 0);
  settled = false;
  readonly settle: Settle<T>;
  readonly since: number;
  deadline: Deadline | undefined = undefined;
  leaveSignal: (() => void) | undefined = undefined;
  trace: Trace | undefined = undefined;
  /** The innermost loan of the caller's async context. */
  holding: Holding | undefined = undefined;

  constructor(settle: Settle<T>, since: number) {
    this.settle = settle;
    this.since = since;
  }
}

/** Most callers are a function and a time, nothing else. */
export type Place<T> = Settle<T> | Waiter<T>;

const SMALLEST = 16;

/**
 * Callers in the order they came, in a ring buffer whose length is a power of two.
 *
 * One that gives up leaves a hole, which is freed when it reaches the head, or when more than half of the places are holes:
 * every operation takes constant time, amortised, and there are never more holes than callers (and 16).
 */
export class WaiterQueue<T> {
  #ring: (Place<T> | undefined)[] = new Array(SMALLEST).fill(undefined);
  #times = new Float64Array(SMALLEST);
  #head = 0;
  #places = 0;
  #waiting = 0;
  /** When the one that was taken last had come. */
  takenSince = 0;

  /** Callers that still wait. */
  get size(): number {
    return this.#waiting;
  }

  push(place: Place<T>, since: number): void {
    if (this.#places === this.#ring.length) this.#rebuild(this.#waiting + 1);
    const index = (this.#head + this.#places) & (this.#ring.length - 1);
    this.#ring[index] = place;
    this.#times[index] = since;
    this.#places += 1;
    this.#waiting += 1;
  }

  /** The caller that has waited for the longest; it no longer counts as waiting and must be settled by the taker. */
  shift(): Place<T> | undefined {
    while (this.#places > 0) {
      const head = this.#head;
      const place = this.#ring[head];
      this.#ring[head] = undefined;
      this.#head = (head + 1) & (this.#ring.length - 1);
      this.#places -= 1;
      if (place === undefined || (typeof place !== 'function' && place.settled)) continue;
      this.takenSince = this.#times[head] as number;
      this.#waiting -= 1;
      return place;
    }
    return undefined;
  }

  /** For a waiter that was settled where it stands (its own timeout, abort). */
  forget(waiter: Waiter<T>): void {
    waiter.settled = true;
    this.#left(1);
  }

  /** Takes out those of whom nothing more is known who came at `latest` or before. They are the taker's to settle. */
  takeUpTo(latest: number): { settle: Settle<T>; since: number }[] {
    const taken: { settle: Settle<T>; since: number }[] = [];
    this.#walk((place, since, index) => {
      if (typeof place !== 'function') return true;
      if (since > latest) return false;
      taken.push({ settle: place, since });
      this.#ring[index] = undefined;
      return true;
    });
    this.#left(taken.length);
    return taken;
  }

  /** When the first of those of whom nothing more is known came. */
  earliest(): number | undefined {
    let earliest: number | undefined;
    this.#walk((place, since) => {
      if (typeof place === 'function') earliest = since;
      return earliest === undefined;
    });
    return earliest;
  }

  /** When the first of all came; Infinity: nobody waits. */
  firstSince(): number {
    let first = Number.POSITIVE_INFINITY;
    this.#walk((place, since) => {
      if (typeof place === 'function' || !place.settled) first = since;
      return first === Number.POSITIVE_INFINITY;
    });
    return first;
  }

  /** Those of whom more is known, in their order; it must not change the queue. */
  walkKnown(visit: (waiter: Waiter<T>) => void): void {
    this.#walk((place) => {
      if (typeof place !== 'function' && !place.settled) visit(place);
      return true;
    });
  }

  #walk(visit: (place: Place<T>, since: number, index: number) => boolean): void {
    for (let offset = 0; offset < this.#places; offset++) {
      const index = (this.#head + offset) & (this.#ring.length - 1);
      const place = this.#ring[index];
      if (place !== undefined && !visit(place, this.#times[index] as number, index)) return;
    }
  }

  #left(count: number): void {
    this.#waiting -= count;
    if (this.#places > SMALLEST && this.#waiting < this.#places >> 1) this.#rebuild(this.#waiting);
  }

  #rebuild(needed: number): void {
    let length = SMALLEST;
    while (length < needed) length *= 2;
    const ring: (Place<T> | undefined)[] = new Array(length).fill(undefined);
    const times = new Float64Array(length);
    let places = 0;
    this.#walk((place, since) => {
      if (typeof place !== 'function' && place.settled) return true;
      ring[places] = place;
      times[places] = since;
      places += 1;
      return true;
    });
    this.#ring = ring;
    this.#times = times;
    this.#head = 0;
    this.#places = places;
  }
}
