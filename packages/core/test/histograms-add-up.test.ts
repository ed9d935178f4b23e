import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram, type HistogramJson } from '../src/index.js';

const values = fc.array(
  fc.oneof(
    fc.double({ min: 0, max: 1e6, noNaN: true }),
    fc.integer({ min: 0, max: 3_000 }),
    fc.constantFrom(0, 1e-9, 1e15),
  ),
  { maxLength: 100 },
);

function filled(recorded: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of recorded) histogram.record(value);
  return histogram;
}

test('merging is the same as recording everything into one', () => {
  fc.assert(
    fc.property(values, values, (left, right) => {
      const merged = filled(left);
      const other = filled(right);
      const before = other.toJSON();
      merged.merge(other);
      const { sum, ...rest } = filled([...left, ...right]).toJSON();
      expect(merged.toJSON()).toMatchObject(rest);
      expect(Math.abs(merged.sum - sum)).toBeLessThanOrEqual(sum * 1e-12);
      expect(other.toJSON()).toEqual(before);
    }),
  );
});

test('merging with itself doubles it', () => {
  const histogram = filled([1, 2, 3]);
  histogram.merge(histogram);
  expect(histogram.count).toBe(6);
  expect(histogram.sum).toBe(12);
  expect(histogram.countAtOrBelow(2.5)).toBe(4);
});

test('it survives JSON', () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (recorded, q) => {
      const histogram = filled(recorded);
      const copy = Histogram.fromJSON(JSON.parse(JSON.stringify(histogram)) as HistogramJson);
      expect(copy.toJSON()).toEqual(histogram.toJSON());
      expect(copy.quantile(q)).toEqual(histogram.quantile(q));
      copy.record(5);
      expect(copy.count).toBe(histogram.count + 1);
    }),
  );
});

test('sums beyond all bounds survive JSON as the largest number', () => {
  const histogram = filled([Number.MAX_VALUE, Number.MAX_VALUE]);
  expect(Histogram.fromJSON(JSON.parse(JSON.stringify(histogram)) as HistogramJson).sum).toBe(
    Number.MAX_VALUE,
  );
});

test('reset forgets everything and keeps the memory', () => {
  const histogram = filled([0, 1, 1_000]);
  const { bytes } = histogram;
  histogram.reset();
  expect(histogram.toJSON()).toEqual(new Histogram().toJSON());
  expect(histogram.bytes).toBe(bytes);
  histogram.record(7);
  expect([histogram.min, histogram.max, histogram.count]).toEqual([7, 7, 1]);
});

const good = filled([1, 2, 3]).toJSON();

test.each<[string, unknown]>([
  ['null', null],
  ['a string', 'histogram'],
  ['no layout', {}],
  ['another layout', { ...good, layout: 'octaves-128' }],
  ['a negative count', { ...good, count: -1 }],
  ['a fraction of a count', { ...good, count: 2.5 }],
  ['fewer than its buckets hold', { ...good, count: 2 }],
  ['no sum', { ...good, sum: null }],
  ['min above max', { ...good, min: 10 }],
  ['no octaves', { ...good, octaves: null }],
  ['an octave beyond the range', { ...good, octaves: { 40: [0, 1] } }],
  ['an octave that is no number', { ...good, octaves: { __proto__x: [0, 1] } }],
  ['pairs that are no list', { ...good, octaves: { 10: 'x' } }],
  ['a sub-bucket beyond the octave', { ...good, octaves: { 10: [256, 1] } }],
  ['a pair without its count', { ...good, octaves: { 10: [0] } }],
  ['a count that no bucket holds', { ...good, octaves: { 10: [0, 2 ** 32] } }],
])('fromJSON refuses %s', (_what, json) => {
  expect(() => Histogram.fromJSON(json as HistogramJson)).toThrow(TypeError);
});
