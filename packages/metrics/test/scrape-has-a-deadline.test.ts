import { ManualClock } from '@mainstay/core';
import { Gauge, Registry } from 'prom-client';
import { expect, test, vi } from 'vitest';
import { Metrics } from '../src/index.js';
import { readValue } from './support/parse-exposition.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => {});

const help = 'What it is.';
const failures = 'mainstay_metrics_scrape_failures_total';
/** Lets everything run that waits for nothing but promises. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a collect() that hangs is left out after scrapeTimeoutMs, and everything else is served', async () => {
  const clock = new ManualClock();
  const metrics = new Metrics({ clock, scrapeTimeoutMs: 2_000 });
  let calls = 0;
  const hanging = () => {
    calls++;
    return new Promise<void>(() => {});
  };
  new Gauge({ name: 'theirs', help, registers: [metrics.register], collect: hanging });
  metrics.gauge({ name: 'ours', help, collect: hanging });
  metrics.counter({ name: 'a_total', help }).inc(7);

  const scrape = metrics.render();
  let text: string | undefined;
  void scrape.then((rendered) => {
    text = rendered;
  });
  await settle();
  clock.advance(1_999);
  await settle();
  expect(text).toBeUndefined();
  clock.advance(1);
  await settle();
  expect(readValue(await scrape, 'a_total')).toBe(7);
  expect(readValue(await scrape, 'theirs')).toBeUndefined();
  expect(readValue(await scrape, 'ours')).toBeUndefined();
  expect(readValue(await scrape, failures, { metric: 'theirs', reason: 'timeout' })).toBe(1);
  expect(clock.pendingTimers).toBe(0);

  // The next scrape does not wait for what hangs still, and does not call it again on top.
  const next = await metrics.render();
  expect(readValue(next, 'a_total')).toBe(7);
  expect(readValue(next, failures, { metric: 'ours', reason: 'timeout' })).toBe(2);
  expect(calls).toBe(2);
});

test('a collect() that comes back late is not served late, and is called again by the next scrape', async () => {
  const clock = new ManualClock();
  const metrics = new Metrics({ clock, scrapeTimeoutMs: 100 });
  const finish: (() => void)[] = [];
  const gauge: Gauge = new Gauge({
    name: 'slow',
    help,
    registers: [metrics.register],
    collect: () =>
      new Promise<void>((resolve) => {
        finish.push(() => {
          gauge.set(finish.length);
          resolve();
        });
      }),
  });
  const first = metrics.render();
  await settle();
  clock.advance(100);
  expect(readValue(await first, 'slow')).toBeUndefined();
  finish[0]?.();
  await settle();
  const second = metrics.render();
  await settle();
  expect(finish).toHaveLength(2);
  finish[1]?.();
  expect(readValue(await second, 'slow')).toBe(2);
});

test('scrapes that overlap share one collect()', async () => {
  const metrics = new Metrics();
  let calls = 0;
  const gauge = metrics.gauge({
    name: 'level',
    help,
    collect: async () => {
      calls++;
      await settle();
      gauge.set(calls);
    },
  });
  const [one, other] = await Promise.all([metrics.render(), metrics.render()]);
  expect([readValue(one, 'level'), readValue(other, 'level'), calls]).toEqual([1, 1, 1]);
});

test('a collect() that throws or rejects is left out and counted', async () => {
  const metrics = new Metrics();
  const fail = () => {
    throw new Error('no');
  };
  new Gauge({ name: 'throws', help, registers: [metrics.register], collect: fail });
  new Gauge({ name: 'rejects', help, registers: [metrics.register], collect: async () => fail() });
  metrics.gauge({ name: 'ours', help, collect: fail });
  metrics.counter({ name: 'a_total', help }).inc(7);
  const text = await metrics.render();
  expect(readValue(text, 'a_total')).toBe(7);
  for (const metric of ['throws', 'rejects', 'ours']) {
    expect(readValue(text, metric)).toBeUndefined();
    expect(readValue(text, failures, { metric, reason: 'error' })).toBe(1);
  }
});

test('a registry that is switched to OpenMetrics later makes render() fail, not lie', async () => {
  const register = new Registry();
  const metrics = new Metrics({ register });
  (register as { setContentType(type: string): void }).setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  await expect(metrics.render()).rejects.toThrow('content type');
});

test('nothing is scheduled between scrapes, and none by a scrape without asynchronous work', async () => {
  const clock = new ManualClock();
  const metrics = new Metrics({ clock });
  metrics.counter({ name: 'a_total', help }).inc();
  await metrics.render();
  expect(clock.pendingTimers).toBe(0);
});
