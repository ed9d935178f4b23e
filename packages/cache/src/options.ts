import { type Clock, type Field, invalidOption, monotonicClock, option, readOptions } from '@mainstay/core';
import { type Codec, jsonCodec } from './codec.js';
import { type ClusterClient, isCluster, isRedisClient, type RedisClient } from './redis-client.js';
import type { Schema } from './schema.js';
import type { CacheOptions, EntryOptions, GetOrSetOptions, Lifetimes } from './types.js';

const OWNER = 'Cache';
const TEN_YEARS_MS = 315_360_000_000;
const MAX_TAGS = 100;
/** Names of tags are made of keys, which may be long; a value in Redis has two bytes for the length of one. */
const MAX_TAG_LENGTH = 16_384;

export interface CacheSettings {
  readonly name: string;
  readonly memory: {
    readonly enabled: boolean;
    readonly maxEntries: number;
    readonly maxBytes?: number | undefined;
    readonly sizeOf?: ((value: unknown, key: string) => number) | undefined;
  };
  readonly redis: RedisSettings | undefined;
  readonly bus: boolean;
  readonly maxStaleMs: number;
  readonly maxEntryBytes?: number | undefined;
  readonly maxLoads: number;
  readonly nullTtlMs?: number | undefined;
  readonly softTimeoutMs?: number | undefined;
  readonly maxFailureTtlMs: number;
  readonly freeze: boolean;
  readonly latency: boolean;
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly staleIfErrorMs: number;
  readonly ttlJitterRatio: number;
  readonly loadTimeoutMs: number;
  readonly failureTtlMs: number;
  readonly clock: Clock;
}

export interface RedisSettings {
  readonly client: RedisClient;
  readonly timeoutMs: number;
  readonly prefix: string;
  readonly clusterSlots: number;
  readonly lease: boolean;
  readonly leaseMs: number;
  readonly codec: Codec;
  readonly compressFromBytes: number;
  readonly maxJournal: number;
}

/** How one value is to be kept. */
export interface EntrySettings {
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly staleIfErrorMs: number;
  readonly nullTtlMs?: number | undefined;
  readonly softTimeoutMs?: number | undefined;
  readonly schema?: Schema | undefined;
  readonly tags: readonly string[] | undefined;
}

const anyTime = { max: TEN_YEARS_MS, allowInfinity: true } as const;
const duration = (settings: { default: number }): Field<number> =>
  option.milliseconds({ ...anyTime, ...settings });
const optionalDuration = option.milliseconds({ ...anyTime, optional: true });

const tagList = option.array(option.string({ maxLength: MAX_TAG_LENGTH }), {
  maxLength: MAX_TAGS,
  optional: true,
});

export function readCacheOptions(received: CacheOptions): CacheSettings {
  const withoutMemory = received?.memory === false;
  const { redis, maxFailureTtlMs, ...settings } = readOptions(
    OWNER,
    withoutMemory ? { ...received, memory: undefined } : received,
    cacheFields(),
  );
  const { memory, failureTtlMs, maxEntryBytes } = settings;
  if (memory.sizeOf !== undefined && memory.maxBytes === undefined && maxEntryBytes === undefined) {
    throw new TypeError(`${OWNER}: option "memory.sizeOf" weighs for "memory.maxBytes", which is missing`);
  }
  if (withoutMemory && redis === undefined) {
    throw new TypeError(`${OWNER}: without "memory" a cache needs "redis"`);
  }
  return {
    ...settings,
    memory: { ...memory, enabled: !withoutMemory },
    maxFailureTtlMs: maxFailureTtlMs ?? failureTtlMs * 10,
    redis: redis === undefined ? undefined : readRedisOptions(redis, settings.name),
  };
}

function cacheFields() {
  return {
    name: option.string({ maxLength: 100 }),
    memory: option.object({
      maxEntries: option.integer({ min: 1, max: 10_000_000, default: 10_000 }),
      maxBytes: option.integer({ min: 1, optional: true }),
      sizeOf: option.func<(value: unknown, key: string) => number>({ optional: true }),
    }),
    bus: option.boolean({ default: true }),
    maxStaleMs: duration({ default: 1_000 }),
    maxEntryBytes: option.integer({ min: 1, optional: true }),
    maxLoads: option.integer({ min: 1, default: 10_000 }),
    nullTtlMs: optionalDuration,
    softTimeoutMs: option.milliseconds({ min: 1, optional: true }),
    maxFailureTtlMs: option.milliseconds({ optional: true }),
    freeze: option.boolean({ default: process.env.NODE_ENV === 'development' }),
    latency: option.boolean({ default: false }),
    redis: option.instance<object>({ optional: true, expected: 'an ioredis client, or an object with one' }),
    ttlMs: duration({ default: 60_000 }),
    staleMs: duration({ default: 0 }),
    staleIfErrorMs: duration({ default: 0 }),
    ttlJitterRatio: option.ratio({ max: 0.9, default: 0.1 }),
    loadTimeoutMs: option.milliseconds({ min: 1, default: 30_000 }),
    failureTtlMs: option.milliseconds({ default: 0 }),
    clock: option.instance<Clock>({ methods: ['now', 'coarseNow', 'setTimer'], default: monotonicClock }),
  };
}

function readRedisOptions(received: object, name: string): RedisSettings {
  const group = isRedisClient(received) ? { client: received } : received;
  const settings = readOptions(`${OWNER}: redis`, group, {
    client: option.instance<RedisClient>({
      expected: 'an ioredis client',
      methods: ['connect', 'mgetBuffer', 'evalsha', 'eval', 'ping'],
    }),
    timeoutMs: option.milliseconds({ min: 1, default: 50 }),
    prefix: option.string({ minLength: 0, default: `${name}:` }),
    clusterSlots: option.integer({ min: 1, max: 4_096, default: 16 }),
    lease: option.boolean({ default: true }),
    leaseMs: option.integer({ min: 100, max: 3_600_000, default: 5_000 }),
    codec: option.custom<Codec>('a codec with an id, encode() and decode()', isCodec, { default: jsonCodec }),
    compressFromBytes: option.number({ min: 0, allowInfinity: true, default: 1_024 }),
    maxJournal: option.integer({ min: 1, default: 10_000 }),
  });
  if (isCluster(settings.client)) checkCluster(settings.client, settings.prefix);
  return settings;
}

function checkCluster(client: ClusterClient, prefix: string): void {
  const { keyPrefix = '', scaleReads = 'master' } = client.options ?? {};
  if (`${keyPrefix}${prefix}`.includes('{')) {
    const what = 'must have no brace in a Cluster, where the cache chooses the slots: nor must the keyPrefix';
    throw invalidOption(`${OWNER}: redis`, 'prefix', what, `${keyPrefix}${prefix}`);
  }
  if (scaleReads !== 'master') {
    const what = 'must be a Cluster that reads from masters: a replica answers what was deleted already';
    throw invalidOption(`${OWNER}: redis`, 'client', what, `one with scaleReads ${String(scaleReads)}`);
  }
}

/** Reads the options of single calls; the cache's own are the defaults. */
export class EntryOptionsReader {
  readonly #defaults: EntrySettings;
  readonly #fields;

  constructor({ ttlMs, nullTtlMs, staleMs, staleIfErrorMs, softTimeoutMs }: CacheSettings) {
    const common = { ttlMs, nullTtlMs, staleMs, staleIfErrorMs, softTimeoutMs };
    this.#defaults = Object.freeze({ ...common, tags: undefined });
    this.#fields = {
      ttlMs: duration({ default: ttlMs }),
      staleMs: duration({ default: staleMs }),
      staleIfErrorMs: duration({ default: staleIfErrorMs }),
      nullTtlMs: nullTtlMs === undefined ? optionalDuration : duration({ default: nullTtlMs }),
      softTimeoutMs: option.milliseconds(
        softTimeoutMs === undefined ? { min: 1, optional: true } : { min: 1, default: softTimeoutMs },
      ),
      schema: option.custom<Schema>('a Standard Schema (zod, valibot, arktype and others)', isSchema, {
        optional: true,
      }),
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

function isCodec(received: unknown): boolean {
  const codec = received as Partial<Codec> | null;
  const { id = -1 } = codec ?? {};
  return (
    Number.isInteger(id) &&
    (id === 1 || id === 2 || (id >= 16 && id <= 127)) &&
    typeof codec?.encode === 'function' &&
    typeof codec.decode === 'function'
  );
}

function isSchema(received: unknown): boolean {
  const standard = (received as Partial<Schema> | null | undefined)?.['~standard'];
  return typeof standard?.validate === 'function';
}

/** What a loader says about the value that it brings. */
export function readLifetimes(received: Lifetimes): Lifetimes {
  const { ttlMs, staleMs, staleIfErrorMs } = readOptions(`${OWNER}: keepFor`, received, {
    ttlMs: optionalDuration,
    staleMs: optionalDuration,
    staleIfErrorMs: optionalDuration,
  });
  return {
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(staleMs === undefined ? {} : { staleMs }),
    ...(staleIfErrorMs === undefined ? {} : { staleIfErrorMs }),
  };
}

export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== 'string' || key === '') {
    throw invalidOption(OWNER, 'key', 'must be a string of at least one character', key);
  }
}

/** Of keys, or of entries: a string is iterable too, and never meant so. */
export function listOf<T>(received: Iterable<T>): T[] {
  const given: unknown = received;
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given))
    throw invalidOption(OWNER, 'keys', 'must be an array or another iterable', given);
  return [...received];
}

export function checkTags(tags: unknown): readonly string[] {
  return readOptions(OWNER, { tags }, { tags: option.array(option.string({ maxLength: MAX_TAG_LENGTH })) })
    .tags;
}
