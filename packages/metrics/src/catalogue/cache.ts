import { type ComponentMetric, single, split, stateSet } from '../component-metric.js';

const counter = (name: string, help: string, field: string): ComponentMetric =>
  single({ name: `mainstay_cache_${name}_total`, help, type: 'counter' }, field);

const gauge = (name: string, help: string, field: string): ComponentMetric =>
  single({ name: `mainstay_cache_${name}`, help, type: 'gauge' }, field);

/** Metrics of `kind: 'cache'`. */
export const cacheMetrics: readonly ComponentMetric[] = [
  split(
    {
      name: 'mainstay_cache_requests_total',
      help: 'Reads by where the answer came from; a coalesced one shared the load of another.',
      type: 'counter',
    },
    'result',
    {
      memory_hit: 'memoryHits',
      redis_hit: 'redisHits',
      stale_hit: 'staleHits',
      coalesced: 'coalesced',
      miss: 'misses',
    },
  ),
  counter('loads', 'Calls of the loader.', 'loads'),
  counter('load_errors', 'Calls of the loader that failed.', 'loadErrors'),
  counter('evictions', 'Entries that made room for others in memory.', 'evictions'),
  counter('invalidations', 'Calls that deleted keys, tags or everything.', 'invalidations'),
  gauge('entries', 'Entries in memory.', 'entries'),
  gauge('bytes', 'Size of the entries in memory, where it is measured.', 'bytes'),
  stateSet(
    { name: 'mainstay_cache_redis_state', help: 'The second level: 1 for its present state.' },
    'state',
    'redis',
    ['none', 'up', 'away'],
  ),
  counter('redis_errors', 'Redis commands that failed.', 'redisErrors'),
  counter('redis_timeouts', 'Redis commands that were given up after their timeout.', 'redisTimeouts'),
  counter('redis_skipped', 'Times Redis was not asked because it was away.', 'redisSkipped'),
];
