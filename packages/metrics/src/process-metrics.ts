import { performance } from 'node:perf_hooks';
import type { Clock } from '@mainstay/core';
import { collectDefaultMetrics, type Registry } from 'prom-client';

/** The first metric that prom-client's collectDefaultMetrics registers. */
const firstDefaultMetric = 'process_cpu_user_seconds_total';

/** Scrapes that follow each other faster than this share one reading: a window of a few milliseconds shows only the scrape itself. */
const shortestWindowMs = 1_000;

/** prom-client's process, heap, GC and event-loop metrics; left alone where the service has registered them itself. */
export function addDefaultMetrics(register: Registry, prefix: string): void {
  if (register.getSingleMetric(prefix + firstDefaultMetric) !== undefined) return;
  collectDefaultMetrics({ register, prefix });
}

/** Milliseconds that the event loop has spent since the process began. */
export interface LoopTimes {
  idle: number;
  active: number;
}

const readLoopTimes = (): LoopTimes => performance.eventLoopUtilization();

/**
 * The share of time for which the event loop was busy, 0 to 1, since the scrape before. The number that Node gives is the mean
 * since the process began, in which an hour of quiet hides a minute of saturation.
 */
export function windowedUtilization(clock: Clock, read: () => LoopTimes = readLoopTimes): () => number {
  let before = read();
  let readAt = clock.now();
  let ratio: number | undefined;
  return () => {
    const now = clock.now();
    if (ratio !== undefined && now - readAt < shortestWindowMs) return ratio;
    const times = read();
    const active = times.active - before.active;
    const total = active + times.idle - before.idle;
    before = times;
    readAt = now;
    ratio = total > 0 ? Math.min(1, Math.max(0, active / total)) : 0;
    return ratio;
  };
}
