// The cache: in memory, and in Redis behind it where there is one. Without Redis everything works, less well.
import { createCache } from '@mainstay/cache';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type Config, withoutCredentials } from '../config/config.js';

const minutes = (count: number) => count * 60_000;

/** How often a Redis that is away is asked for, at most and at least. */
const reconnect = { firstMs: 100, maxMs: 2_000 };

/** The cache knows that Redis is away; ioredis knows why. */
const lastReasons = new WeakMap<Redis, string>();

export function openRedis(url: string, logger: Logger): Redis {
  const redis = new Redis(url, {
    // A command that cannot be sent now fails now: the memory level answers instead.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2_000,
    retryStrategy: (attempt) => Math.min(reconnect.firstMs * attempt, reconnect.maxMs),
  });
  // ioredis reports every attempt. The first one is told, since a wrong REDIS_URL shows nowhere else; from then on
  // the cache tells when Redis goes away and comes back.
  let told = false;
  redis.once('ready', () => {
    told = true;
  });
  redis.on('error', (error: NodeJS.ErrnoException) => {
    const reason = error.message || error.code || error.name;
    lastReasons.set(redis, reason);
    if (!told) logger.warn({ redis: withoutCredentials(url), reason }, 'Redis cannot be used; trying again');
    told = true;
  });
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
      { reason: (redis && lastReasons.get(redis)) ?? (error as Error | undefined)?.message },
      'Redis is away: the cache lives in memory only',
    ),
  );
  cache.on('redisUp', () => logger.info('Redis is there: the cache is shared'));
  return cache;
}
