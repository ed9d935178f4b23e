import type { ComponentMetric } from '../component-metric.js';
import { cacheMetrics } from './cache.js';
import { circuitBreakerGroupMetrics, circuitBreakerMetrics } from './circuit-breaker.js';
import { faultProxyMetrics } from './fault-proxy.js';
import { healthMetrics } from './health.js';
import { policyMetrics } from './policies.js';
import { poolMetrics, redisLanesMetrics } from './pool.js';
import { rateLimiterMetrics } from './rate-limiter.js';

/** The kinds of component whose `stats()` are known here, and the metrics that are read from them. */
export const catalogue: ReadonlyMap<string, readonly ComponentMetric[]> = new Map([
  ['circuit-breaker', circuitBreakerMetrics],
  ['circuit-breaker-group', circuitBreakerGroupMetrics],
  ['cache', cacheMetrics],
  ['pool', poolMetrics],
  ['redis-lanes', redisLanesMetrics],
  ['rate-limiter', rateLimiterMetrics],
  ...Object.entries(policyMetrics),
  ['health', healthMetrics],
  ['fault-proxy', faultProxyMetrics],
]);
