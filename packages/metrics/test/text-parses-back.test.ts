import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Metrics } from '../src/index.js';
import { parseExposition, readValue } from './support/parse-exposition.js';

const nasty = fc.oneof(
  fc.string({
    unit: fc.constantFrom('\\', '"', '\n', 'n', ',', '=', '{', '}', ' ', 'a', '\r', '\t', 'é', '🚀'),
    maxLength: 12,
  }),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

test('whatever a label value or a help text holds, it reads back the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(nasty, nasty), { selector: (pair) => JSON.stringify(pair), maxLength: 8 }),
      nasty,
      async (pairs, help) => {
        const metrics = new Metrics();
        const counter = metrics.counter({ name: 'a_total', help: `x${help}`, labels: ['first', 'second'] });
        for (const [index, [first, second]] of pairs.entries()) counter.inc({ first, second }, index + 1);
        const read = parseExposition(await metrics.render()).get('a_total');
        expect(read?.help).toBe(`x${help}`);
        expect(read?.samples.map(({ labels, value }) => [labels.first, labels.second, value])).toEqual(
          pairs.map(([first, second], index) => [first, second, index + 1]),
        );
      },
    ),
  );
});

test('every number that a gauge can hold reads back the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.double(), async (value) => {
      const metrics = new Metrics();
      metrics.gauge({ name: 'level', help: 'A level.' }).set(value);
      // The sign of zero is not kept by anybody.
      expect(readValue(await metrics.render(), 'level')).toEqual(value === 0 ? 0 : value);
    }),
  );
});

test('the buckets of a histogram are cumulative and end with the count', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: -60, max: 60 }), { maxLength: 40 }),
      async (bounds, values) => {
        const buckets = bounds.sort((a, b) => a - b);
        const metrics = new Metrics();
        const histogram = metrics.histogram({ name: 'size', help: 'A size.', labels: ['of'], buckets });
        const bound = histogram.labels({ of: 'it' });
        for (const value of values) bound.observe(value);
        const text = await metrics.render();
        for (const le of buckets) {
          const expected = values.filter((value) => value <= le).length;
          expect(readValue(text, 'size_bucket', { of: 'it', le: String(le) })).toBe(expected);
        }
        expect(readValue(text, 'size_bucket', { of: 'it', le: '+Inf' })).toBe(values.length);
        expect(readValue(text, 'size_count', { of: 'it' })).toBe(values.length);
        expect(readValue(text, 'size_sum', { of: 'it' })).toBe(values.reduce((sum, value) => sum + value, 0));
        expect([bound.count, bound.sum]).toEqual([
          values.length,
          values.reduce((sum, value) => sum + value, 0),
        ]);
      },
    ),
  );
});

test('the text of a registry is exactly as the format wants it', async () => {
  const metrics = new Metrics({ prefix: 'shop_', defaultLabels: { service: 'orders', region: 'a"b' } });
  metrics
    .counter({ name: 'orders_total', help: 'Orders,\nby \\ "way".', labels: ['way'] })
    .inc({ way: 'a\\b"c\nd' }, 2.5);
  metrics.histogram({ name: 'wait_seconds', help: 'Wait.', buckets: [0.1, 1] }).observe(0.1);
  const text = await metrics.render();
  const own = text.split('\n\n').filter((part) => !part.includes('mainstay_'));
  expect(own.join('\n\n')).toBe(`# HELP shop_orders_total Orders,\\nby \\\\ "way".
# TYPE shop_orders_total counter
shop_orders_total{way="a\\\\b\\"c\\nd",service="orders",region="a\\"b"} 2.5

# HELP shop_wait_seconds Wait.
# TYPE shop_wait_seconds histogram
shop_wait_seconds_bucket{service="orders",region="a\\"b",le="0.1"} 1
shop_wait_seconds_bucket{service="orders",region="a\\"b",le="1"} 1
shop_wait_seconds_bucket{service="orders",region="a\\"b",le="+Inf"} 1
shop_wait_seconds_sum{service="orders",region="a\\"b"} 0.1
shop_wait_seconds_count{service="orders",region="a\\"b"} 1
`);
  expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
});

test('default labels that are set later reach series that were rendered before, and a label of the series itself wins', async () => {
  const metrics = new Metrics();
  metrics.counter({ name: 'a_total', help: 'A.', labels: ['zone'] }).inc({ zone: 'own' });
  expect(readValue(await metrics.render(), 'a_total', { zone: 'own' })).toBe(1);
  metrics.register.setDefaultLabels({ zone: 'default', service: 's' });
  expect(readValue(await metrics.render(), 'a_total', { zone: 'own', service: 's' })).toBe(1);
});

test('a default label called le does not meet the buckets of a histogram', async () => {
  const metrics = new Metrics({ defaultLabels: { le: 'x' } });
  metrics.histogram({ name: 'size', help: 'A size.', buckets: [1] }).observe(1);
  expect(readValue(await metrics.render(), 'size_bucket', { le: '1' })).toBe(1);
});
