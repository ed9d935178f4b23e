import { expect, test } from 'vitest';
import { kind } from '../src/index.js';

test('Metrics can be imported', () => {
  expect(kind).toBe('metrics');
});
