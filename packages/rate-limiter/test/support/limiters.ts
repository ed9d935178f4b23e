import { ManualClock } from '@mainstay/core';
import { RateLimiter, type RateLimiterOptions, type SingleLimitOptions } from '../../src/index.js';

/** A limiter in memory whose time stands still until it is moved. */
export function still(
  options: Partial<Omit<SingleLimitOptions, 'limits'>> & { limits?: RateLimiterOptions['limits'] } = {},
) {
  const clock = new ManualClock(1_000);
  const single = options.limits === undefined ? { limit: 10, windowMs: 1_000 } : {};
  const limiter = new RateLimiter({ name: 'test', clock, ...single, ...options } as RateLimiterOptions);
  return { limiter, clock };
}

/** How many of so many requests at one moment are allowed. */
export function admitted(limiter: RateLimiter, requests: number, key = 'k', cost = 1): number {
  let count = 0;
  for (let request = 0; request < requests; request += 1) {
    if (limiter.consumeSync(key, { cost }).allowed) count += 1;
  }
  return count;
}

/** The most that was admitted within any closed window of this length. */
export function worstWindow(admissions: readonly { at: number; cost: number }[], windowMs: number): number {
  let worst = 0;
  let sum = 0;
  let tail = 0;
  for (const { at, cost } of admissions) {
    sum += cost;
    while ((admissions[tail] as { at: number }).at <= at - windowMs) {
      sum -= (admissions[tail] as { cost: number }).cost;
      tail += 1;
    }
    worst = Math.max(worst, sum);
  }
  return worst;
}
