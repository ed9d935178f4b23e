import type { ComponentMetric, Stats } from '../component-metric.js';
import type { ReadSample } from '../read-family.js';
import { metricsOf } from './metrics-of.js';

const { counter, counters, gauge, state } = metricsOf('cache');

const quantiles = { 0.5: 'p50Ms', 0.95: 'p95Ms', 0.99: 'p99Ms' };

/** The latencies of a snapshot by level; none without the option `latency`. */
function latenciesOf({ latency }: Stats): [string, Stats][] {
  if (typeof latency !== 'object' || latency === null) return [];
  return Object.entries(latency).filter(([, summary]) => typeof summary === 'object' && summary !== null);
}

const latency: readonly ComponentMetric[] = [
  {
    name: 'mainstay_cache_latency_seconds',
    help: 'Time of a memory hit, a Redis command and a load since the start, where the cache measures it.',
    type: 'gauge',
    labels: ['level', 'quantile'],
    read: (stats) =>
      latenciesOf(stats).flatMap(([level, summary]): ReadSample[] =>
        Object.entries(quantiles).flatMap(([quantile, field]) => {
          const value = summary[field];
          return typeof value === 'number' && summary.count !== 0
            ? [{ labelValues: [level, quantile], value: value / 1_000 }]
            : [];
        }),
      ),
  },
  {
    name: 'mainstay_cache_timed_total',
    help: 'Memory hits, Redis commands and loads whose time was measured.',
    type: 'counter',
    labels: ['level'],
    read: (stats) =>
      latenciesOf(stats).flatMap(([level, { count }]): ReadSample[] =>
        typeof count === 'number' ? [{ labelValues: [level], value: count }] : [],
      ),
  },
];

/** Metrics of `kind: 'cache'`. */
export const cacheMetrics: readonly ComponentMetric[] = [
  counters(
    'requests',
    'Reads by where the answer came from; a coalesced one shared the load of another.',
    'result',
    {
      memory_hit: 'memoryHits',
      redis_hit: 'redisHits',
      stale_hit: 'staleHits',
      coalesced: 'coalesced',
      miss: 'misses',
    },
  ),
  counters('stale_hits', 'Reads answered with a stale value, by level.', 'level', {
    memory: 'memoryStaleHits',
    redis: 'redisStaleHits',
  }),
  counters('level_misses', 'Reads that a level was asked for and could not answer.', 'level', {
    memory: 'memoryMisses',
    redis: 'redisMisses',
  }),
  counter('loads', 'Calls of the loader.', 'loads'),
  counter('load_errors', 'Calls of the loader that failed.', 'loadErrors'),
  counter('loads_refused', 'Calls refused because maxLoads keys were being loaded.', 'loadsRefused'),
  counter('lease_waits', 'Loads that another process did while this one waited for them.', 'leaseWaits'),
  counter('evictions', 'Entries that made room for others in memory.', 'evictions'),
  counter('invalidations', 'Calls that deleted keys, tags or everything.', 'invalidations'),
  gauge('entries', 'Entries in memory.', 'entries'),
  gauge('bytes', 'Size of the entries in memory, where it is measured.', 'bytes'),
  state('redis_state', 'The second level: 1 for its present state.', 'redis', ['none', 'up', 'away']),
  state('redis_breaker_state', 'The circuit in front of Redis: 1 for its present state.', 'breaker', [
    'none',
    'closed',
    'open',
    'half-open',
  ]),
  counter('redis_round_trips', 'Commands that were sent to Redis.', 'redisRoundTrips'),
  counter('redis_errors', 'Redis commands that failed.', 'redisErrors'),
  counter('redis_timeouts', 'Redis commands that were given up after their timeout.', 'redisTimeouts'),
  counter('redis_skipped', 'Times Redis was not asked because it was away.', 'redisSkipped'),
  state(
    'bus_state',
    'How other processes are heard: 1 for the present state; away: memory is confirmed by Redis instead.',
    'bus',
    ['none', 'up', 'away'],
  ),
  counter('bus_messages', 'Messages of other processes that were received.', 'busMessages'),
  counter('bus_gaps', 'Times that messages of other processes were, or may have been, missed.', 'busGaps'),
  gauge(
    'compression_ratio',
    'Bytes after compression to bytes before, of what was compressed.',
    'compressionRatio',
  ),
  ...latency,
];
