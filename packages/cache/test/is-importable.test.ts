import { expect, test } from 'vitest';
import { kind } from '../src/index.js';

test('Cache can be imported', () => {
  expect(kind).toBe('cache');
});
