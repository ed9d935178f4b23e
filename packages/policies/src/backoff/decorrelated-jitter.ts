import type { Backoff, BackoffRange, Random } from './backoff.js';
import { readRange } from './backoff-range.js';

/**
 * Between `baseMs` and three times the previous wait, at most `maxMs` (Marc Brooker, "Exponential Backoff and Jitter", AWS
 * 2015). It grows about as 1.5^attempt, and callers that failed together do not come back together. Nothing is raised to a
 * power, so there is nothing to overflow at any attempt.
 * @throws TypeError or RangeError naming the option
 */
export function decorrelatedJitter(options?: BackoffRange & { random?: Random }): Backoff {
  const { baseMs, maxMs, random } = readRange('decorrelatedJitter', options);
  return (_attempt, previousMs) => {
    const highest = Math.min(maxMs, Math.max(previousMs, baseMs) * 3);
    return baseMs + random() * (highest - baseMs);
  };
}
