import fc from 'fast-check';
import { expect, test } from 'vitest';
import { constantBackoff, decorrelatedJitter, fullJitter } from '../src/index.js';

const range = fc
  .tuple(fc.double({ min: 1, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1e8, noNaN: true }))
  .map(([baseMs, more]) => ({ baseMs, maxMs: Math.min(2_147_483_647, baseMs + more) }));
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('decorrelated jitter stays between baseMs and maxMs, at any attempt and after any wait', () => {
  fc.assert(
    fc.property(
      range,
      chance,
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.double({ min: 0, noNaN: true }),
      (given, random, attempt, previous) => {
        const wait = decorrelatedJitter({ ...given, random: () => random })(attempt, previous);
        expect(wait).toBeGreaterThanOrEqual(given.baseMs);
        expect(wait).toBeLessThanOrEqual(given.maxMs);
      },
    ),
  );
});

test('full jitter stays between nothing and maxMs, doubling until there', () => {
  fc.assert(
    fc.property(range, chance, fc.integer({ min: 1, max: 1_000_000 }), (given, random, attempt) => {
      const wait = fullJitter({ ...given, random: () => random })(attempt, 0);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(given.maxMs);
    }),
  );
  const highest = fullJitter({ baseMs: 100, maxMs: 1_000, random: () => 0.999999 });
  expect([1, 2, 3, 4, 5, 10_000].map((attempt) => Math.round(highest(attempt, 0)))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ]);
});

test('attempt 10,000 by default, with every chance', () => {
  for (const random of [0, 0.5, 0.999999]) {
    const backoff = decorrelatedJitter({ random: () => random });
    let previous = 0;
    for (let attempt = 1; attempt <= 10_000; attempt += 1) previous = backoff(attempt, previous);
    expect(previous).toBeGreaterThanOrEqual(100);
    expect(previous).toBeLessThanOrEqual(10_000);
  }
});

test('a constant one is constant', () => {
  const backoff = constantBackoff(20);
  expect([backoff(1, 0), backoff(99, 20)]).toEqual([20, 20]);
});
