import { ManualClock } from '@mainstay/core';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { Metrics } from '../src/index.js';
import { windowedUtilization } from '../src/process-metrics.js';
import { parseExposition, readValue } from './support/parse-exposition.js';

test('each scrape sees the time since the scrape before, not the mean since the process began', () => {
  const clock = new ManualClock();
  const times = { idle: 100_000, active: 0 };
  const read = windowedUtilization(clock, () => ({ ...times }));
  const pass = (idle: number, active: number) => {
    times.idle += idle;
    times.active += active;
    clock.advance(idle + active);
    return read();
  };
  expect(pass(15_000, 0)).toBe(0);
  // Saturated: the mean since the process began would say 0.12.
  expect(pass(0, 15_000)).toBe(1);
  expect(pass(7_500, 7_500)).toBe(0.5);
});

test('a second scraper that comes right after the first one sees the same number', () => {
  const clock = new ManualClock();
  const times = { idle: 0, active: 0 };
  const read = windowedUtilization(clock, () => ({ ...times }));
  times.idle = 5_000;
  times.active = 5_000;
  clock.advance(10_000);
  expect(read()).toBe(0.5);
  times.active += 5;
  clock.advance(5);
  expect(read()).toBe(0.5);
});

test('collectDefaults adds the metrics of the process, once', async () => {
  const metrics = new Metrics({ prefix: 'shop_' });
  metrics.collectDefaults();
  metrics.collectDefaults();
  const read = parseExposition(await metrics.render());
  const ratio = read.get('shop_nodejs_eventloop_utilization_ratio')?.samples[0]?.value ?? Number.NaN;
  expect(ratio).toBeGreaterThanOrEqual(0);
  expect(ratio).toBeLessThanOrEqual(1);
  for (const name of [
    'process_cpu_user_seconds_total',
    'nodejs_heap_size_used_bytes',
    'nodejs_gc_duration_seconds',
  ]) {
    expect([...read.keys()]).toContain(`shop_${name}`);
  }
});

test('collectDefaults leaves the default metrics alone that a service has registered itself', async () => {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const metrics = new Metrics({ register });
  metrics.collectDefaults();
  const text = await metrics.render();
  expect(readValue(text, 'process_start_time_seconds')).toBeGreaterThan(0);
  expect(readValue(text, 'nodejs_eventloop_utilization_ratio')).toBeGreaterThanOrEqual(0);
});
