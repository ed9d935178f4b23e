import { ManualClock } from '@mainstay/core';
import { type RetryOptions, retry } from '../src/index.js';
import { broken } from './helpers.js';

/** Calls that always fail, and when they were made. */
export async function attempts(options: RetryOptions, error: unknown = broken, ms = 100_000) {
  const clock = new ManualClock(0);
  const at: number[] = [];
  const policy = retry({ budget: false, ...options, clock });
  const call = policy.execute(() => {
    at.push(clock.now());
    return Promise.reject(error);
  });
  call.catch(() => {});
  await clock.advanceAsync(ms);
  return { at, policy, call, clock };
}
