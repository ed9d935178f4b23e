import { beforeEach, expect, test, vi } from 'vitest';
import { Metrics } from '../src/index.js';
import { readValue } from './support/parse-exposition.js';

const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
beforeEach(() => {
  warn.mockClear();
});

/** What callers without types, or with a division by zero, may pass. */
const noNumbers = [null, '5', {}, [], 5n, Symbol('x'), () => 1] as unknown as number[];

test('a counter leaves out what is negative, not finite or no number, counts it and warns once', async () => {
  const metrics = new Metrics();
  const counter = metrics.counter({ name: 'a_total', help: 'A.' });
  counter.inc(2);
  const bad = [-1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, ...noNumbers];
  for (const value of bad) counter.inc(value);
  counter.inc(0);
  counter.inc(undefined);
  expect(counter.value).toBe(3);
  const labels = { metric: 'a_total', reason: 'value' };
  expect(readValue(await metrics.render(), 'mainstay_metrics_rejected_total', labels)).toBe(bad.length);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(String(warn.mock.calls[0]?.[0])).toContain('Metric a_total was given -1');
});

test('a histogram leaves out what is not a finite number', () => {
  const metrics = new Metrics();
  const histogram = metrics.histogram({ name: 'size', help: 'Size.' });
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, ...noNumbers])
    histogram.observe(value);
  histogram.observe(undefined as unknown as number);
  histogram.observe(-1);
  expect([histogram.count, histogram.sum]).toEqual([1, -1]);
});

test('a gauge may be set to NaN and the infinities, but not moved by them', () => {
  const metrics = new Metrics();
  const gauge = metrics.gauge({ name: 'level', help: 'Level.' });
  gauge.set(1);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, ...noNumbers]) {
    gauge.inc(value);
    gauge.dec(value);
  }
  for (const value of noNumbers) gauge.set(value);
  expect(gauge.value).toBe(1);
  gauge.inc(3);
  gauge.dec();
  expect(gauge.value).toBe(3);
  gauge.set(Number.NaN);
  expect(gauge.value).toBeNaN();
});

test('a label that the metric does not have is left out, counted and warned of once', async () => {
  const metrics = new Metrics();
  const counter = metrics.counter({ name: 'a_total', help: 'A.', labels: ['route'] });
  counter.inc({ route: '/x', rout: 'typo' } as { route: string });
  counter.inc({ route: '/x', rout: 'typo' } as { route: string });
  const text = await metrics.render();
  expect(readValue(text, 'a_total', { route: '/x' })).toBe(2);
  expect(readValue(text, 'mainstay_metrics_rejected_total', { metric: 'a_total', reason: 'label' })).toBe(1);
  expect(warn).toHaveBeenCalledTimes(1);
});

test('label values of any type, and no labels at all, do not throw', () => {
  const metrics = new Metrics();
  const counter = metrics.counter({ name: 'a_total', help: 'A.', labels: ['constructor', 'of'] });
  const throwing = {
    toString() {
      throw new Error('no');
    },
  };
  for (const of of [throwing, Object.create(null), Symbol('x'), () => 1, [1, [2]], new Date(Number.NaN)]) {
    expect(() => counter.inc({ of } as never)).not.toThrow();
  }
  for (const labels of [undefined, null, 5, 'text']) expect(() => counter.inc(labels as never)).not.toThrow();
  // An inherited property is not a label value.
  expect(counter.labels({ of: '' } as never)).toBe(counter.labels({ constructor: '', of: '' }));
});
