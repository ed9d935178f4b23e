import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { Metrics } from '../src/index.js';
import { parseExposition, readValue } from './support/parse-exposition.js';

const help = 'What it is.';

test('metrics made with prom-client in the registry of Metrics are served with it', async () => {
  const metrics = new Metrics({ defaultLabels: { service: 's' } });
  const theirs = new Counter({
    name: 'theirs_total',
    help,
    labelNames: ['a'],
    registers: [metrics.register],
  });
  theirs.inc({ a: 'x' }, 3);
  metrics.counter({ name: 'ours_total', help, labels: ['a'] }).inc({ a: 'y' }, 4);
  for (const text of [await metrics.render(), await metrics.register.metrics()]) {
    expect(readValue(text, 'theirs_total', { a: 'x', service: 's' })).toBe(3);
    expect(readValue(text, 'ours_total', { a: 'y', service: 's' })).toBe(4);
  }
});

test("in a registry of the service's own, prom-client serves ours too, with the same values", async () => {
  const register = new Registry();
  register.setDefaultLabels({ service: 's' });
  const metrics = new Metrics({ register });
  metrics.counter({ name: 'ours_total', help, labels: ['a'] }).inc({ a: 'x"\\\n' }, 4);
  metrics.gauge({ name: 'level', help, collect() {} }).set(-0.5);
  const histogram = metrics.histogram({ name: 'size', help, labels: ['a'], buckets: [1, 2] });
  for (const value of [0.5, 1.5, 2.5]) histogram.observe({ a: 'x' }, value);
  const theirs = parseExposition(await register.metrics());
  const ours = parseExposition(await metrics.render());
  expect([...ours.keys()]).toEqual([...theirs.keys()]);
  const plain = (read: typeof ours) =>
    [...read].map(([name, { help, type, samples }]) => [
      name,
      help,
      type,
      samples.map((sample) => ({ ...sample, labels: { ...sample.labels } })),
    ]);
  expect(plain(ours)).toEqual(plain(theirs));
});

test('a histogram reads as the one of prom-client does', async () => {
  const metrics = new Metrics();
  const ours = metrics.histogram({ name: 'ours', help, labels: ['a'] });
  const theirs = new Histogram({ name: 'theirs', help, labelNames: ['a'], registers: [metrics.register] });
  for (let value = 0.001; value < 30; value *= 1.3) {
    ours.observe({ a: 'x' }, value);
    theirs.observe({ a: 'x' }, value);
  }
  const read = parseExposition(await metrics.render());
  const of = (name: string) =>
    read
      .get(name)
      ?.samples.map((sample) => [sample.name.replace(name, ''), { ...sample.labels }, sample.value]);
  expect(of('ours')).toEqual(of('theirs'));
});

test('two Metrics in one process, with the same names, do not meet', async () => {
  const first = new Metrics();
  const second = new Metrics();
  first.counter({ name: 'a_total', help }).inc(1);
  second.counter({ name: 'a_total', help }).inc(2);
  expect(readValue(await first.render(), 'a_total')).toBe(1);
  expect(readValue(await second.render(), 'a_total')).toBe(2);
});

test('a second Metrics on one registry is refused with a clear message', () => {
  const register = new Registry();
  new Metrics({ register });
  expect(() => new Metrics({ register, prefix: 'other_' })).toThrow('this registry has a Metrics already');
});

test('resetMetrics sets to zero and keeps what is bound', async () => {
  const metrics = new Metrics();
  const bound = metrics.counter({ name: 'a_total', help, labels: ['a'] }).labels({ a: 'x' });
  const histogram = metrics.histogram({ name: 'size', help });
  bound.inc(5);
  histogram.observe(1);
  metrics.register.resetMetrics();
  bound.inc();
  const text = await metrics.render();
  expect(readValue(text, 'a_total', { a: 'x' })).toBe(1);
  expect(readValue(text, 'size_count')).toBe(0);
});

test('workers of a cluster are summed by the registry of prom-client', async () => {
  const workers = [new Metrics(), new Metrics()];
  for (const metrics of workers) {
    metrics.counter({ name: 'a_total', help, labels: ['a'] }).inc({ a: 'x' }, 2);
    metrics.histogram({ name: 'size', help, buckets: [1] }).observe(0.5);
  }
  const json = await Promise.all(workers.map((metrics) => metrics.register.getMetricsAsJSON()));
  const text = await AggregatorRegistry.aggregate(json).metrics();
  expect(readValue(text, 'a_total', { a: 'x' })).toBe(4);
  expect(readValue(text, 'size_bucket', { le: '1' })).toBe(2);
});

test('a metric that is removed from the registry is served no more, and can be made again', async () => {
  const metrics = new Metrics();
  metrics.gauge({ name: 'level', help }).set(1);
  metrics.register.removeSingleMetric('level');
  expect(readValue(await metrics.render(), 'level')).toBeUndefined();
  metrics.gauge({ name: 'level', help }).set(2);
  expect(readValue(await metrics.render(), 'level')).toBe(2);
});

test('a gauge of prom-client that is set by the collect of another is written with its new value', async () => {
  const metrics = new Metrics();
  const registers = [metrics.register];
  let turn = 0;
  new Gauge({ name: 'first', help, registers, collect: () => second.set(++turn) });
  const second = new Gauge({ name: 'second', help, registers });
  expect(readValue(await metrics.render(), 'second')).toBe(1);
  expect(readValue(await metrics.render(), 'second')).toBe(2);
});
