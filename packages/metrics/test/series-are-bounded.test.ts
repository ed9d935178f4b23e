import { expect, test } from 'vitest';
import { Metrics } from '../src/index.js';
import { parseExposition, readValue } from './support/parse-exposition.js';

const dropped = 'mainstay_metrics_dropped_label_sets_total';

test('100,000 label values end in maxSeries series and one "__other__", with nothing lost and the rest counted as dropped', async () => {
  const metrics = new Metrics();
  const counter = metrics.counter({ name: 'requests_total', help: 'Requests.', labels: ['url', 'method'] });
  for (let attack = 0; attack < 100_000; attack++) counter.inc({ url: `/x/${attack}`, method: 'GET' });
  const text = await metrics.render();
  const samples = parseExposition(text).get('requests_total')?.samples ?? [];
  expect(samples).toHaveLength(1_001);
  expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(100_000);
  expect(readValue(text, 'requests_total', { url: '__other__', method: '__other__' })).toBe(99_000);
  expect(readValue(text, dropped, { metric: 'requests_total' })).toBe(99_000);
});

test('series that were there before the attack go on counting', () => {
  const metrics = new Metrics({ maxSeries: 2 });
  const histogram = metrics.histogram({ name: 'size', help: 'Size.', labels: ['of'] });
  const first = histogram.labels({ of: 'first' });
  for (let attack = 0; attack < 100; attack++) histogram.observe({ of: attack }, 1);
  histogram.observe({ of: 'first' }, 1);
  expect(first.count).toBe(1);
  expect(histogram.labels({ of: 'new' })).toBe(histogram.labels({ of: '__other__' }));
});

test('a caller who uses "__other__" as a value meets the series for the rest, and takes no place', async () => {
  const metrics = new Metrics({ maxSeries: 1 });
  const counter = metrics.counter({ name: 'a_total', help: 'A.', labels: ['of'] });
  counter.inc({ of: '__other__' });
  counter.inc({ of: 'fits' });
  counter.inc({ of: 'does not' });
  const text = await metrics.render();
  expect(readValue(text, 'a_total', { of: '__other__' })).toBe(2);
  expect(readValue(text, 'a_total', { of: 'fits' })).toBe(1);
  expect(readValue(text, dropped, { metric: 'a_total' })).toBe(1);
});

test('a series that is removed makes room for another', async () => {
  const metrics = new Metrics();
  const gauge = metrics.gauge({ name: 'level', help: 'Level.', labels: ['of'], maxSeries: 1 });
  for (let turn = 0; turn < 10; turn++) {
    gauge.set({ of: turn }, turn);
    expect(readValue(await metrics.render(), 'level', { of: String(turn) })).toBe(turn);
    expect(gauge.remove({ of: turn })).toBe(true);
    expect(gauge.remove({ of: turn })).toBe(false);
  }
});

test('label values are cut at maxLabelLength', async () => {
  const metrics = new Metrics({ maxLabelLength: 16 });
  const counter = metrics.counter({ name: 'a_total', help: 'A.', labels: ['of'] });
  counter.inc({ of: `${'x'.repeat(16)}one` });
  counter.inc({ of: `${'x'.repeat(16)}other` });
  expect(readValue(await metrics.render(), 'a_total', { of: 'x'.repeat(16) })).toBe(2);
});

test('a long string that a label value was cut from is not kept alive', () => {
  const metrics = new Metrics();
  const counter = metrics.counter({ name: 'a_total', help: 'A.', labels: ['of'] });
  const before = process.memoryUsage().heapUsed;
  // 500 bodies of 1 MB each would be half a gigabyte.
  for (let turn = 0; turn < 500; turn++) counter.inc({ of: `${turn}-${'x'.repeat(1_000_000)}`.slice(0, 20) });
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(300_000_000);
});
