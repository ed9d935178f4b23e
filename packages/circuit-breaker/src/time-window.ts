import { type Clock, RollingWindow } from '@mainstay/core';
import type { CallWindow } from './call-window.js';

const CALLS = 0;
const FAILURES = 1;
const SLOW_CALLS = 2;

/** The calls of the last `windowMs`, forgotten a bucket at a time. */
export class TimeWindow extends RollingWindow implements CallWindow {
  /** @param countsSlow slow calls have a counter only where they are looked for: it costs a third of the window's memory */
  constructor(windowMs: number, buckets: number, countsSlow: boolean, clock: Clock) {
    super({ windowMs, buckets, counters: countsSlow ? 3 : 2, clock });
  }

  record(now: number, failed: boolean, slow: boolean): void {
    this.add(CALLS, 1, now);
    if (failed) this.add(FAILURES, 1, now);
    if (slow) this.add(SLOW_CALLS, 1, now);
  }

  calls(now: number): number {
    return this.sum(CALLS, now);
  }

  failures(now: number): number {
    return this.sum(FAILURES, now);
  }

  slowCalls(now: number): number {
    return this.sum(SLOW_CALLS, now);
  }
}
