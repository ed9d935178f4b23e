import { expect, test } from 'vitest';
import { kind } from '../src/index.js';

test('RateLimiter can be imported', () => {
  expect(kind).toBe('rate-limiter');
});
