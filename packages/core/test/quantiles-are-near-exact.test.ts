import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from '../src/index.js';

/** Values over the whole range, dense where latencies are. */
const inRange = fc.oneof(
  fc.double({ min: 2 ** -10, max: 2 ** 30 - 1, noNaN: true }),
  fc
    .tuple(fc.integer({ min: -10, max: 29 }), fc.double({ min: 1, max: 1.999_999, noNaN: true }))
    .map(([e, m]) => 2 ** e * m),
  fc.integer({ min: 1, max: 5_000 }),
  fc.integer({ min: -10, max: 29 }).map((exponent) => 2 ** exponent),
);
const values = fc.array(inRange, { minLength: 1, maxLength: 300 });
const quantiles = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(0, 0.5, 0.9, 0.99, 0.999, 1),
);

function filled(recorded: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of recorded) histogram.record(value);
  return histogram;
}

/** Nearest rank in a sorted list, in whole-number arithmetic as far as floating point allows. */
function exactQuantile(recorded: readonly number[], q: number): number {
  const sorted = [...recorded].sort((left, right) => left - right);
  return sorted[Math.max(1, Math.ceil(q * sorted.length * (1 - Number.EPSILON))) - 1] as number;
}

test('a quantile is within 0.2 % of that of a sorted list', () => {
  fc.assert(
    fc.property(values, quantiles, (recorded, q) => {
      const exact = exactQuantile(recorded, q);
      expect(Math.abs(filled(recorded).quantile(q) - exact)).toBeLessThanOrEqual(exact * 0.002);
    }),
    { numRuns: 1_000 },
  );
});

test('count, sum, min, max and mean are exact', () => {
  fc.assert(
    fc.property(values, (recorded) => {
      const histogram = filled(recorded);
      const sum = recorded.reduce((total, value) => total + value, 0);
      expect(histogram.count).toBe(recorded.length);
      expect(histogram.sum).toBe(sum);
      expect(histogram.mean).toBe(sum / recorded.length);
      expect(histogram.min).toBe(Math.min(...recorded));
      expect(histogram.max).toBe(Math.max(...recorded));
      expect(histogram.quantile(0)).toBe(histogram.min);
      expect(histogram.quantile(1)).toBe(histogram.max);
    }),
  );
});

test('countAtOrBelow counts all that are at or below, and none that are 0.4 % above', () => {
  fc.assert(
    fc.property(values, inRange, (recorded, limit) => {
      const counted = filled(recorded).countAtOrBelow(limit);
      expect(counted).toBeGreaterThanOrEqual(recorded.filter((value) => value <= limit).length);
      expect(counted).toBeLessThanOrEqual(recorded.filter((value) => value <= limit * 1.004).length);
    }),
  );
});

test('the 7th of a hundred is the 7th, whatever 0.07 * 100 is', () => {
  const histogram = filled(Array.from({ length: 100 }, (_, index) => index + 1));
  expect(histogram.quantile(0.07)).toBeCloseTo(7, 1);
  expect(histogram.quantile(0.29)).toBeCloseTo(29, 1);
});

test('a count is the same as recording that often', () => {
  fc.assert(
    fc.property(inRange, fc.integer({ min: 0, max: 50 }), (value, count) => {
      const once = new Histogram();
      once.record(value, count);
      const often = filled(Array.from({ length: count }, () => value));
      const { sum, ...rest } = often.toJSON();
      expect(once.toJSON()).toMatchObject(rest);
      expect(Math.abs(once.sum - sum)).toBeLessThanOrEqual(sum * 1e-12);
    }),
  );
});

test('zero and what is below the range are counted; their quantile is the smallest value', () => {
  const histogram = filled([0, -0, 1e-9, 2 ** -10 - 1e-9, 1, 2, 3]);
  expect(histogram.count).toBe(7);
  expect(histogram.quantile(0.5)).toBe(0);
  expect(Object.is(histogram.min, 0)).toBe(true);
  expect(histogram.countAtOrBelow(1e-3 / 2)).toBe(4);
  expect(histogram.countAtOrBelow(0)).toBe(4);
  expect(histogram.quantile(5 / 7)).toBeCloseTo(1, 2);
});

test('what is above the range falls into the last bucket, and max stays exact', () => {
  const histogram = filled([1, 2 ** 40, Number.MAX_VALUE, 2 ** 30]);
  expect(histogram.max).toBe(Number.MAX_VALUE);
  expect(histogram.quantile(1)).toBe(Number.MAX_VALUE);
  expect(histogram.quantile(0.5)).toBeGreaterThan(2 ** 30 * 0.99);
  expect(histogram.countAtOrBelow(2 ** 29)).toBe(1);
  expect(histogram.countAtOrBelow(Number.POSITIVE_INFINITY)).toBe(4);
});

test('an empty histogram has no quantile', () => {
  const empty = new Histogram();
  expect([empty.count, empty.sum, empty.bytes]).toEqual([0, 0, 0]);
  expect([empty.min, empty.max, empty.mean, empty.quantile(0.5)]).toEqual([
    Number.NaN,
    Number.NaN,
    Number.NaN,
    Number.NaN,
  ]);
  expect(empty.countAtOrBelow(1)).toBe(0);
});

test.each([-1, -1e-9, Number.NaN, Number.POSITIVE_INFINITY])(
  'the value %s is refused and changes nothing',
  (value) => {
    const histogram = new Histogram();
    expect(() => histogram.record(value)).toThrow(RangeError);
    expect(histogram.count).toBe(0);
  },
);

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
  'the count %s is refused and changes nothing',
  (count) => {
    const histogram = new Histogram();
    expect(() => histogram.record(1, count)).toThrow(RangeError);
    expect(histogram.count).toBe(0);
  },
);

test.each([-0.1, 1.1, Number.NaN])('the quantile %s is refused', (q) => {
  expect(() => filled([1]).quantile(q)).toThrow(RangeError);
});

test('a bucket stops at 2^32 - 1 and does not start again from zero', () => {
  const histogram = new Histogram();
  histogram.record(1, 2 ** 32 - 1);
  histogram.record(1, 10);
  histogram.record(100);
  expect(histogram.count).toBe(2 ** 32 + 10);
  expect(histogram.quantile(0.5)).toBeCloseTo(1, 2);
  const other = new Histogram();
  other.record(1, 2 ** 32 - 1);
  histogram.merge(other);
  expect(histogram.toJSON().octaves['10']).toEqual([0, 2 ** 32 - 1]);
});

test('memory grows with the octaves in use, to 40,960 bytes at most', () => {
  const histogram = new Histogram();
  for (let value = 10; value < 20; value += 0.01) histogram.record(value);
  expect(histogram.bytes).toBe(2 * 1_024);
  for (let exponent = -20; exponent < 60; exponent += 1) histogram.record(2 ** exponent);
  expect(histogram.bytes).toBe(40_960);
});
