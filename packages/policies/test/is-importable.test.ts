import { expect, test } from 'vitest';
import { kind } from '../src/index.js';

test('Policies can be imported', () => {
  expect(kind).toBe('policies');
});
