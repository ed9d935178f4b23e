import { expect, test } from 'vitest';
import { kind } from '../src/index.js';

test('Health can be imported', () => {
  expect(kind).toBe('health');
});
