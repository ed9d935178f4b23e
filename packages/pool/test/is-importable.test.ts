import { expect, test } from 'vitest';
import { kind } from '../src/index.js';

test('Pool can be imported', () => {
  expect(kind).toBe('pool');
});
