import type { Histogram } from '@mainstay/core';
import type { CacheState } from './state.js';
import type { CacheStats, LatencySummary } from './types.js';

const NO_REDIS = { redisErrors: 0, redisTimeouts: 0, redisSkipped: 0, redisRoundTrips: 0 };

export function statisticsOf({ counters, memory, redis, latency }: CacheState): CacheStats {
  const { before, after } = redis?.compression ?? { before: 0, after: 0 };
  const bus = redis?.bus;
  const { redisHits, memoryStaleHits, redisStaleHits, coalesced, misses } = counters;
  return {
    ...counters,
    staleHits: memoryStaleHits + redisStaleHits,
    memoryMisses: redisHits + redisStaleHits + coalesced + misses,
    evictions: memory.evictions,
    entries: memory.size,
    bytes: memory.bytes,
    redis: redis === undefined ? 'none' : redis.up ? 'up' : 'away',
    ...(redis?.counters ?? NO_REDIS),
    breaker: redis?.breakerState ?? 'none',
    bus: bus === undefined ? 'none' : bus.trusted ? 'up' : 'away',
    busGaps: bus?.gaps ?? 0,
    busMessages: bus?.messages ?? 0,
    compressionRatio: before === 0 ? 1 : after / before,
    ...(latency === undefined
      ? {}
      : {
          latency: {
            memory: summary(latency.memory),
            redis: summary(latency.redis),
            load: summary(latency.load),
          },
        }),
  };
}

function summary(histogram: Histogram): LatencySummary {
  if (histogram.count === 0) return { count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };
  return {
    count: histogram.count,
    meanMs: histogram.mean,
    p50Ms: histogram.quantile(0.5),
    p95Ms: histogram.quantile(0.95),
    p99Ms: histogram.quantile(0.99),
    maxMs: histogram.max,
  };
}
