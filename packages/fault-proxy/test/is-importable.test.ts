import { expect, test } from 'vitest';
import { kind } from '../src/index.js';

test('FaultProxy can be imported', () => {
  expect(kind).toBe('fault-proxy');
});
