import type { ComponentMetric } from '../component-metric.js';
import { cacheMetrics } from './cache.js';
import { circuitBreakerMetrics } from './circuit-breaker.js';
import { healthMetrics } from './health.js';
import { poolMetrics } from './pool.js';

/** The kinds of component whose `stats()` are known here, and the metrics that are read from them. */
export const catalogue: ReadonlyMap<string, readonly ComponentMetric[]> = new Map([
  ['circuit-breaker', circuitBreakerMetrics],
  ['cache', cacheMetrics],
  ['pool', poolMetrics],
  ['health', healthMetrics],
]);
