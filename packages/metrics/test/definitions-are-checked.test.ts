import { hasErrorCode } from '@mainstay/core';
import { Histogram, Registry, Summary } from 'prom-client';
import { expect, test } from 'vitest';
import { Metrics } from '../src/index.js';

const help = 'What it is.';

test('names outside of the Prometheus grammar are refused', () => {
  const metrics = new Metrics();
  for (const name of [
    '',
    '1st_total',
    'a-b_total',
    'a b_total',
    'ä_total',
    'a\n_total',
    undefined,
    5,
    null,
  ]) {
    expect(() => metrics.counter({ name: name as string, help }), String(name)).toThrow(/Metrics/);
  }
  expect(() => metrics.counter({ name: 'job:requests_total', help })).not.toThrow();
});

test('a counter ends in _total, and nothing else does', () => {
  const metrics = new Metrics();
  expect(() => metrics.counter({ name: 'requests', help })).toThrow(
    'the name of a counter must end in _total, received "requests"',
  );
  expect(() => metrics.gauge({ name: 'requests_total', help })).toThrow(TypeError);
  expect(() => metrics.histogram({ name: 'requests_total', help })).toThrow(TypeError);
});

test('label names outside of the grammar, reserved or given twice are refused', () => {
  const metrics = new Metrics();
  for (const labels of [
    ['a-b'],
    ['__name__'],
    [''],
    ['a', 'a'],
    [],
    'route',
    [5],
    {},
  ] as unknown as string[][]) {
    expect(() => metrics.counter({ name: 'a_total', help, labels }), String(labels)).toThrow(TypeError);
  }
  expect(() => metrics.histogram({ name: 'size', help, labels: ['le'] })).toThrow('"le"');
});

test('buckets that are not finite numbers in rising order are refused', () => {
  const metrics = new Metrics();
  for (const buckets of [
    [5, 1, 10],
    [1, 1],
    [],
    [Number.NaN],
    [1, Number.POSITIVE_INFINITY],
    ['1'],
    5,
  ] as number[][]) {
    expect(() => metrics.histogram({ name: 'size', help, buckets }), String(buckets)).toThrow(
      /"buckets" of size must be/,
    );
  }
});

test('a missing help text, an unknown option and a wrong collect are refused', () => {
  const metrics = new Metrics();
  expect(() => metrics.counter({ name: 'a_total', help: ' ' })).toThrow('"help"');
  expect(() => metrics.counter({ name: 'a_total' } as never)).toThrow('"help"');
  expect(() => metrics.counter({ name: 'a_total', help, label: ['a'] } as never)).toThrow(
    'did you mean "labels"?',
  );
  expect(() => metrics.counter({ name: 'a_total', help, buckets: [1] } as never)).toThrow('"buckets"');
  expect(() => metrics.gauge({ name: 'a', help, collect: 5 } as never)).toThrow('"collect"');
});

test('the definition is copied', () => {
  const metrics = new Metrics();
  const labels = ['a'];
  const buckets = [1, 2];
  const histogram = metrics.histogram({ name: 'size', help, labels, buckets });
  labels.push('b');
  buckets.length = 0;
  histogram.observe({ a: 1 }, 5);
  expect(histogram.labels({ a: 1 }).count).toBe(1);
  expect(histogram.labelNames).toEqual(['a']);
});

test('a name that the registry has is refused, also where only the lines of a histogram would meet it', () => {
  const metrics = new Metrics();
  const taken = (make: () => unknown) => {
    try {
      make();
    } catch (error) {
      return hasErrorCode(error, 'ERR_METRIC_NAME_TAKEN');
    }
    return false;
  };
  metrics.counter({ name: 'a_total', help });
  expect(taken(() => metrics.counter({ name: 'a_total', help }))).toBe(true);
  metrics.histogram({ name: 'size', help });
  expect(taken(() => metrics.gauge({ name: 'size_count', help }))).toBe(true);
  metrics.gauge({ name: 'depth_sum', help });
  expect(taken(() => metrics.histogram({ name: 'depth', help }))).toBe(true);
  new Summary({ name: 'peer', help, registers: [metrics.register] });
  expect(taken(() => metrics.gauge({ name: 'peer_sum', help }))).toBe(true);
  new Histogram({ name: 'other', help, registers: [metrics.register] });
  expect(taken(() => metrics.gauge({ name: 'other_bucket', help }))).toBe(true);
  metrics.gauge({ name: 'other_things', help });
});

test('options of Metrics are checked', () => {
  const wrong: object[] = [
    { maxSeries: 0 },
    { maxSeries: 1.5 },
    { maxSeries: Number.NaN },
    { maxLabelLength: 1 },
    { scrapeTimeoutMs: 0 },
    { scrapeTimeoutMs: -5 },
    { scrapeTimeoutMs: Number.POSITIVE_INFINITY },
    { prefix: 'a-b' },
    { prefix: 5 },
    { defaultLabels: { 'a-b': 'x' } },
    { defaultLabels: { a: 5 } },
    { register: {} },
    { max: 5 },
  ];
  for (const options of wrong)
    expect(() => new Metrics(options as never), JSON.stringify(options)).toThrow(/Metrics: /);
  expect(() => new Metrics({ register: new Registry(), defaultLabels: { a: 'b' } })).toThrow(
    'setDefaultLabels',
  );
  const openMetrics = new Registry();
  (openMetrics as { setContentType(type: string): void }).setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  expect(() => new Metrics({ register: openMetrics })).toThrow('content type');
});
