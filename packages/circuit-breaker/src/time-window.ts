import { type Clock, RollingWindow } from '@mainstay/core';
import type { CallWindow } from './call-window.js';

const CALLS = 0;
const FAILURES = 1;
const SLOW_CALLS = 2;

/** The calls of the last `windowMs`, forgotten a bucket at a time. */
export class TimeWindow implements CallWindow {
  readonly #counts: RollingWindow;
  /** Slow calls have a counter only where they are looked for: it costs a third of the window's memory. */
  readonly #countsSlow: boolean;

  constructor(windowMs: number, buckets: number, countsSlow: boolean, clock: Clock) {
    this.#counts = new RollingWindow({ windowMs, buckets, counters: countsSlow ? 3 : 2, clock });
    this.#countsSlow = countsSlow;
  }

  record(now: number, failed: boolean, slow: boolean): void {
    this.#counts.add(CALLS, 1, now);
    if (failed) this.#counts.add(FAILURES, 1, now);
    if (slow) this.#counts.add(SLOW_CALLS, 1, now);
  }

  calls(now: number): number {
    return this.#counts.sum(CALLS, now);
  }

  failures(now: number): number {
    return this.#counts.sum(FAILURES, now);
  }

  slowCalls(now: number): number {
    return this.#countsSlow ? this.#counts.sum(SLOW_CALLS, now) : 0;
  }

  reset(): void {
    this.#counts.reset();
  }
}
