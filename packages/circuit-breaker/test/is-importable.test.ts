import { expect, test } from 'vitest';
import { kind } from '../src/index.js';

test('CircuitBreaker can be imported', () => {
  expect(kind).toBe('circuit-breaker');
});
