import { type Clock, monotonicClock } from './clock.js';
import { option, readOptions } from './options.js';

export interface RollingWindowOptions {
  /** Length of the window in milliseconds. */
  windowMs: number;
  /** Into how many equal parts it is cut, 1 to 3,600: more of them forget more smoothly and take more memory. */
  buckets: number;
  /** How many things are counted side by side, 1 to 64. */
  counters: number;
  /** Default: `monotonicClock`. */
  clock?: Clock;
}

const fields = {
  windowMs: option.milliseconds({ min: 1 }),
  buckets: option.integer({ min: 1, max: 3_600 }),
  counters: option.integer({ min: 1, max: 64 }),
  clock: option.instance<Clock>({ default: monotonicClock }),
};

/**
 * Counts of the last `windowMs`, in buckets that are forgotten whole. What it covers therefore varies between
 * `windowMs - windowMs / buckets` (just after a bucket was dropped) and `windowMs`.
 *
 * Adding and summing take constant time: the sums are kept up to date. Gaps of any length are right, since as many buckets are
 * dropped as have passed. A clock that goes backwards is counted into the current bucket. Amounts should be whole numbers;
 * with fractions, the sums carry the rounding of floating-point arithmetic until the window has been empty once.
 */
export class RollingWindow {
  readonly #clock: Clock;
  readonly #counters: number;
  readonly #bucketMs: number;
  /**
   * The sums, then the counters of each bucket. A plain array of small integers on purpose: a typed array's header and buffer
   * cost 180 bytes, more than half of what ten buckets of three counters take in all.
   */
  readonly #values: number[];
  /** Number of the current bucket since time 0 of the clock. */
  #bucket: number;
  /** When it ends: comparing is cheaper than dividing, and nearly every call needs no more. */
  #endsAt: number;
  /** Where its counters begin in `#values`. */
  #offset: number;

  /** @throws TypeError or RangeError naming the option that is wrong */
  constructor(options: RollingWindowOptions) {
    const { windowMs, buckets, counters, clock } = readOptions('RollingWindow', options, fields);
    this.#clock = clock;
    this.#counters = counters;
    this.#bucketMs = windowMs / buckets;
    this.#values = Array.from({ length: (buckets + 1) * counters }, () => 0);
    this.#bucket = Math.floor(clock.coarseNow() / this.#bucketMs);
    this.#endsAt = (this.#bucket + 1) * this.#bucketMs;
    this.#offset = counters;
  }

  /**
   * @param counter 0 to `counters - 1`
   * @param now a reading of the window's clock, for callers that have one already
   */
  add(counter: number, amount = 1, now = this.#clock.coarseNow()): void {
    const values = this.#values;
    this.#check(counter);
    this.#advance(now);
    values[counter] = (values[counter] as number) + amount;
    values[this.#offset + counter] = (values[this.#offset + counter] as number) + amount;
  }

  /** What was added to the counter within the window. */
  sum(counter: number, now = this.#clock.coarseNow()): number {
    this.#check(counter);
    this.#advance(now);
    return this.#values[counter] as number;
  }

  reset(): void {
    this.#values.fill(0);
  }

  #check(counter: number): void {
    if (!(counter >= 0 && counter < this.#counters && Number.isInteger(counter))) {
      throw new RangeError(
        `RollingWindow: counter must be from 0 to ${this.#counters - 1}, received ${counter}`,
      );
    }
  }

  #advance(now: number): void {
    if (now < this.#endsAt) return;
    const bucket = Math.floor(now / this.#bucketMs);
    const passed = bucket - this.#bucket;
    // Written so that NaN passes by as well.
    if (!(passed > 0)) return;
    this.#bucket = bucket;
    this.#endsAt = (bucket + 1) * this.#bucketMs;
    if ((passed + 1) * this.#counters >= this.#values.length) {
      this.#values.fill(0);
      return;
    }
    for (let step = 0; step < passed; step += 1) this.#dropOldest();
  }

  /** The oldest bucket lies after the current one in the ring, and becomes the current one. */
  #dropOldest(): void {
    const values = this.#values;
    this.#offset += this.#counters;
    if (this.#offset === values.length) this.#offset = this.#counters;
    for (let counter = 0; counter < this.#counters; counter += 1) {
      values[counter] = (values[counter] as number) - (values[this.#offset + counter] as number);
      values[this.#offset + counter] = 0;
    }
  }
}
