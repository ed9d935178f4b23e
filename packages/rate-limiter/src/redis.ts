import { option, readOptions } from '@mainstay/core';
import type { RedisClient } from './redis/redis-client.js';
import { RedisStore } from './redis/redis-store.js';
import type { RateLimitStore } from './store.js';

export type { RedisClient } from './redis/redis-client.js';

export interface RedisStoreOptions {
  /** The longest that one decision waits for Redis. Default 100 ms. After three failures in a row it is not waited for at all. */
  readonly timeoutMs?: number;
  /** Whether decisions for one key in one turn of the event loop share a round trip. Default true. */
  readonly coalesce?: boolean;
  /**
   * Units that are fetched in advance for a key that is asked for often, and then given out here: 0 (default) to 1e6. Never more
   * than half of what is left. Units count as used when they are fetched, so that up to `leaseSize` a process may be used up to
   * `leaseMs` later than they were counted, or not at all.
   */
  readonly leaseSize?: number;
  /** How long a lease may be used. Default 1,000 ms, and never more than a tenth of the shortest window. */
  readonly leaseMs?: number;
  /** What the keys in Redis begin with; the limiter's name follows. Default `rate-limit:`. */
  readonly prefix?: string;
}

/**
 * Keeps keys in a Redis that several processes share. One script a decision, one key (so a Cluster will do), Redis' own clock, expiry in
 * milliseconds. The client stays yours: it is neither configured nor closed.
 * @param client of ioredis 5 or 6, single or Cluster
 * @throws TypeError or RangeError naming the option that is wrong
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): RateLimitStore {
  const settings = readOptions('redisStore', options, {
    timeoutMs: option.milliseconds({ min: 1, max: 60_000, default: 100 }),
    coalesce: option.boolean({ default: true }),
    leaseSize: option.integer({ min: 0, max: 1_000_000, default: 0 }),
    leaseMs: option.milliseconds({ min: 1, max: 60_000, default: 1_000 }),
    prefix: option.string({ minLength: 0, maxLength: 200, default: 'rate-limit:' }),
  });
  if (
    typeof client?.status !== 'string' ||
    typeof client.evalsha !== 'function' ||
    typeof client.on !== 'function'
  ) {
    throw new TypeError('redisStore: the client must be an ioredis client');
  }
  return { open: (context) => new RedisStore(client, settings, context) };
}
