import { type Clock, type Field, invalidOption, monotonicClock, option, readOptions } from '@mainstay/core';
import { isCluster, isRedisClient, type RedisClient } from './redis-client.js';
import type { CacheOptions, EntryOptions, GetOrSetOptions } from './types.js';

const OWNER = 'Cache';
const TEN_YEARS_MS = 315_360_000_000;
const MAX_TAGS = 100;
const MAX_TAG_LENGTH = 512;

export interface CacheSettings {
  readonly name: string;
  readonly memory: {
    readonly maxEntries: number;
    readonly maxBytes?: number | undefined;
    readonly sizeOf?: ((value: unknown, key: string) => number) | undefined;
    readonly maxAgeMs: number;
  };
  readonly redis: { client: RedisClient; timeoutMs: number; prefix: string } | undefined;
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly staleIfErrorMs: number;
  readonly ttlJitterRatio: number;
  readonly loadTimeoutMs: number;
  readonly failureTtlMs: number;
  readonly clock: Clock;
}

/** How one value is to be kept. */
export interface EntrySettings {
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly staleIfErrorMs: number;
  readonly tags: readonly string[] | undefined;
}

const duration = (settings: { default: number }): Field<number> =>
  option.milliseconds({ max: TEN_YEARS_MS, allowInfinity: true, ...settings });

const tagList = option.array(option.string({ maxLength: MAX_TAG_LENGTH }), {
  maxLength: MAX_TAGS,
  optional: true,
});

export function readCacheOptions(received: CacheOptions): CacheSettings {
  const { redis, ...settings } = readOptions(OWNER, received, {
    name: option.string({ maxLength: 100 }),
    memory: option.object({
      maxEntries: option.integer({ min: 1, max: 10_000_000, default: 10_000 }),
      maxBytes: option.integer({ min: 1, optional: true }),
      sizeOf: option.func<(value: unknown, key: string) => number>({ optional: true }),
      maxAgeMs: duration({ default: 1_000 }),
    }),
    redis: option.instance<object>({ optional: true, expected: 'an ioredis client, or an object with one' }),
    ttlMs: duration({ default: 60_000 }),
    staleMs: duration({ default: 0 }),
    staleIfErrorMs: duration({ default: 0 }),
    ttlJitterRatio: option.ratio({ max: 0.9, default: 0.1 }),
    loadTimeoutMs: option.milliseconds({ min: 1, default: 30_000 }),
    failureTtlMs: option.milliseconds({ default: 0 }),
    clock: option.instance<Clock>({ methods: ['now', 'coarseNow', 'setTimer'], default: monotonicClock }),
  });
  if (settings.memory.sizeOf !== undefined && settings.memory.maxBytes === undefined) {
    throw new TypeError(`${OWNER}: option "memory.sizeOf" weighs for "memory.maxBytes", which is missing`);
  }
  return { ...settings, redis: redis === undefined ? undefined : readRedisOptions(redis, settings.name) };
}

function readRedisOptions(
  received: object,
  name: string,
): { client: RedisClient; timeoutMs: number; prefix: string } {
  const group = isRedisClient(received) ? { client: received } : received;
  const settings = readOptions(`${OWNER}: redis`, group, {
    client: option.instance<RedisClient>({
      expected: 'an ioredis client',
      methods: ['connect', 'mgetBuffer', 'evalsha', 'eval', 'ping'],
    }),
    timeoutMs: option.milliseconds({ min: 1, default: 50 }),
    prefix: option.string({ minLength: 0, default: `${name}:` }),
  });
  if (isCluster(settings.client)) {
    throw invalidOption(
      OWNER,
      'redis.client',
      'must not be a Redis Cluster client, which is not supported yet',
      settings.client,
    );
  }
  return settings;
}

/** Reads the options of single calls; the cache's own are the defaults. */
export class EntryOptionsReader {
  readonly #defaults: EntrySettings;
  readonly #fields;

  constructor({ ttlMs, staleMs, staleIfErrorMs }: CacheSettings) {
    this.#defaults = Object.freeze({ ttlMs, staleMs, staleIfErrorMs, tags: undefined });
    this.#fields = {
      ttlMs: duration({ default: ttlMs }),
      staleMs: duration({ default: staleMs }),
      staleIfErrorMs: duration({ default: staleIfErrorMs }),
      tags: tagList,
      signal: option.instance<AbortSignal>({
        optional: true,
        expected: 'an AbortSignal',
        methods: ['addEventListener'],
      }),
    };
  }

  read(received: EntryOptions | GetOrSetOptions | undefined): EntrySettings {
    if (received === undefined) return this.#defaults;
    const settings = readOptions(OWNER, received, this.#fields);
    // No tags and an empty list are the same, and the cheaper one is undefined.
    return settings.tags?.length === 0 ? { ...settings, tags: undefined } : settings;
  }
}

export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== 'string' || key === '') {
    throw invalidOption(OWNER, 'key', 'must be a string of at least one character', key);
  }
}

export function checkTags(tags: unknown): readonly string[] {
  return readOptions(OWNER, { tags }, { tags: option.array(option.string({ maxLength: MAX_TAG_LENGTH })) })
    .tags;
}
