import { expect, test } from 'vitest';
import { randomFrom } from '../src/random.js';

test('the same seeds give the same numbers, others give others', () => {
  const take = (...seeds: number[]): number[] => Array.from({ length: 5 }, randomFrom(...seeds));
  expect(take(1, 2, 3)).toEqual(take(1, 2, 3));
  expect(take(1, 2, 3)).not.toEqual(take(1, 3, 2));
  expect(take(1, 2, 3)).not.toEqual(take(2, 2, 3));
  // Written down once: what a seed means must not change with a version.
  expect(take(7).map((number) => Math.round(number * 1e6))).toMatchInlineSnapshot(`
    [
      446254,
      246637,
      947078,
      822699,
      844099,
    ]
  `);
});

test('numbers are from 0 up to 1 and evenly spread, also over the first of many sequences', () => {
  const along = randomFrom(42);
  const across = (index: number): number => randomFrom(42, 1, index)();
  for (const draw of [() => along(), (index: number) => across(index)]) {
    const tenths = new Array<number>(10).fill(0);
    for (let index = 0; index < 20_000; index++) {
      const number = draw(index);
      expect(number >= 0 && number < 1).toBe(true);
      const tenth = Math.floor(number * 10);
      tenths[tenth] = (tenths[tenth] as number) + 1;
    }
    for (const count of tenths) expect(Math.abs(count - 2_000)).toBeLessThan(200);
  }
});
