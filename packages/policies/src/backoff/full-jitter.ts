import type { Backoff, BackoffRange, Random } from './backoff.js';
import { readRange } from './backoff-range.js';

/**
 * A random wait between zero and `baseMs`, 2 `baseMs`, 4 `baseMs`, … up to `maxMs` ("full jitter" in Marc Brooker's
 * "Exponential Backoff and Jitter"): spreads more than decorrelated jitter, and may not wait at all.
 * @throws TypeError or RangeError naming the option
 */
export function fullJitter(options?: BackoffRange & { random?: Random }): Backoff {
  const { baseMs, maxMs, random } = readRange('fullJitter', options);
  // 2 ** 1024 is Infinity, of which the lesser is still maxMs: no attempt is too large.
  return (attempt) => random() * Math.min(maxMs, baseMs * 2 ** (attempt - 1));
}
