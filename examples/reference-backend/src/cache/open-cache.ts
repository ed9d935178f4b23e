// The cache: in memory, and in Redis behind it where there is one. Without Redis everything works, less well.
import { createCache } from '@mainstay/cache';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';

const minutes = (count: number) => count * 60_000;

/** How often a Redis that is away is asked for, at most and at least. */
const reconnect = { firstMs: 100, maxMs: 2_000 };

export function openRedis(url: string): Redis {
  const redis = new Redis(url, {
    // A command that cannot be sent now fails now: the memory level answers instead.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2_000,
    retryStrategy: (attempt) => Math.min(reconnect.firstMs * attempt, reconnect.maxMs),
  });
  // The cache reports when Redis goes away and comes back; ioredis reports every attempt.
  redis.on('error', () => {});
  return redis;
}

export function openCache(config: Config, redis: Redis | undefined, logger: Logger) {
  const cache = createCache({
    name: 'gateway',
    memory: { maxEntries: 10_000 },
    ...(redis ? { redis: { client: redis, timeoutMs: 50 } } : {}),
    // While Postgres is away, visitors read what was true a moment ago.
    staleIfErrorMs: minutes(10),
  });
  if (config.redisUrl === undefined) logger.info('no REDIS_URL: the cache lives in memory only');
  cache.on('redisAway', ({ error }) =>
    logger.warn(
      { reason: (error as Error | undefined)?.message },
      'Redis is away: the cache lives in memory only',
    ),
  );
  cache.on('redisUp', () => logger.info('Redis is there: the cache is shared'));
  return cache;
}
