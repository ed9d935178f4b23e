import { option, readOptions } from '@mainstay/core';
import type { Backoff } from './backoff.js';

/**
 * Always the same wait. Callers that fail together come back together: for tests, and where there is only one caller.
 * @throws TypeError or RangeError when `delayMs` is no number of milliseconds
 */
export function constantBackoff(delayMs: number): Backoff {
  const checked = readOptions('constantBackoff', { delayMs }, { delayMs: option.milliseconds() });
  return () => checked.delayMs;
}
