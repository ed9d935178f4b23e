import { expect, test } from 'vitest';
import { kind } from '../src/index.js';

test('Core can be imported', () => {
  expect(kind).toBe('core');
});
