import type { Clock } from '@mainstay/core';
import type { Codec } from './codec.js';
import type { RedisClient } from './redis-client.js';
import type { Schema } from './schema.js';

/** What a loader receives. */
export interface LoadContext {
  /**
   * Aborted when the load takes longer than `loadTimeoutMs`, when every caller that waited for it has gone, and when the cache
   * is closed. Made on first read.
   */
  readonly signal: AbortSignal;
  readonly key: string;
  /** Nobody waits for it: it refreshes a value that was answered stale. */
  readonly background: boolean;
  /**
   * What would be answered if the load failed (see `staleMs` and `staleIfErrorMs`), for a source that can be asked whether it still
   * holds (`If-None-Match`); undefined if there is none. Read it before the loader waits for anything.
   */
  readonly stale: unknown;
  /** How long what this load brings is kept, where only the value itself can tell: overrides the options. */
  keepFor(lifetime: Lifetimes): void;
}

export interface Lifetimes {
  ttlMs?: number;
  staleMs?: number;
  staleIfErrorMs?: number;
}

/** Fetches the value. What it resolves with is cached, except `undefined`, which means "nothing to cache". */
export type Loader<T> = (context: LoadContext) => T | PromiseLike<T>;

export interface EntryOptions {
  /** How long the value is fresh. 0: it is not kept. `Infinity`: until it is deleted or evicted. Default: the cache's. */
  ttlMs?: number;
  /** How long after that it may be answered while one load refreshes it in the background. Default: the cache's. */
  staleMs?: number;
  /** How long after that it may be answered if loading fails. Default: the cache's. */
  staleIfErrorMs?: number;
  /** The ttl of `null`, which stands for "there is none". Default: the cache's, or else `ttlMs`. */
  nullTtlMs?: number;
  /** At most 100, each 1 to 16,384 characters. `invalidateTags` makes every value that carries one of them void. */
  tags?: readonly string[];
}

export interface GetOrSetOptions extends EntryOptions {
  /** Ends this caller's wait. The load goes on for the others, and is aborted when nobody is left. */
  signal?: AbortSignal;
  /** A load that takes longer is answered with the stale value, if there is one that `staleIfErrorMs` allows; it goes on. Default: the cache's. */
  softTimeoutMs?: number;
  /** Checks what Redis holds: a value of another shape (an older deployment's) is a miss. The value is not changed by it. */
  schema?: Schema;
}

export interface MemoryOptions {
  /** Default 10,000. */
  maxEntries?: number;
  /** Weighs every value; without it nothing is weighed and `stats().bytes` is 0. */
  maxBytes?: number;
  /**
   * Bytes of a value, for `maxBytes` and `maxEntryBytes`. Default: a rough estimate of what the entry takes, which walks the value; key and
   * bookkeeping (some 200 bytes) are in it. If it throws the value is not kept, and `codecError` tells.
   */
  sizeOf?: (value: unknown, key: string) => number;
}

export interface RedisOptions {
  /** An ioredis client or Cluster, created with any options (a Cluster reads from masters); it stays yours and is not closed. */
  client: RedisClient;
  /** What Redis may cost one call, the lease included: so a lease takes a round trip of less than half of it. Default 50. */
  timeoutMs?: number;
  /** Stands before every key. Default: the cache's name and a colon. */
  prefix?: string;
  /**
   * Over how many slots of a Cluster the cache is spread, evenly: several times the number of masters. All processes must say the
   * same. More are more commands for reads of one tick and for each heartbeat. Default 16; without a Cluster of no effect.
   */
  clusterSlots?: number;
  /** One load a key across all processes; the others wait for it. Costs a cold read a second round trip. Default true. */
  lease?: boolean;
  /** How long a lease outlives a process that died; who loads for longer prolongs it. Default 5,000. */
  leaseMs?: number;
  /** Default: JSON. */
  codec?: Codec;
  /** Bodies from this size on are deflated; those of 64 KiB and more off the event loop. Default 1,024; `Infinity`: none. */
  compressFromBytes?: number;
  /** Invalidations that are remembered while Redis is away; beyond it everything is invalidated. Default 10,000. */
  maxJournal?: number;
}

export interface CacheOptions {
  /** 1 to 100 characters; names the cache in `stats()`, in errors and, unless a prefix is given, in Redis. */
  name: string;
  /** False: Redis only, nothing is kept in this process. */
  memory?: MemoryOptions | false;
  redis?: RedisClient | RedisOptions;
  /** Hear what other processes change, over a second connection made by the client's `duplicate()`. Default true. */
  bus?: boolean;
  /**
   * How much later than Redis memory may learn of what another process changed, whatever happens to the bus. While the bus is
   * sound it is milliseconds. Without a bus each value is confirmed by Redis (one read) after this time. Default 1,000. 0 asks
   * every time, `Infinity` never.
   */
  maxStaleMs?: number;
  /**
   * Values that weigh more are kept in no level. In memory by `memory.sizeOf`, or else by the estimate that `memory.maxBytes` goes by, in
   * which key and bookkeeping count too (some 200 bytes); in Redis by their encoded bytes. Default: no limit.
   */
  maxEntryBytes?: number;
  /** Keys that may be fetched at once; beyond it a call for another key rejects with CacheBusyError. Default 10,000. */
  maxLoads?: number;
  /** Default 60,000. */
  ttlMs?: number;
  /** The ttl of `null`. Default: `ttlMs`. */
  nullTtlMs?: number;
  /** Default 0. */
  staleMs?: number;
  /** Default 0. */
  staleIfErrorMs?: number;
  /** Up to this share is taken off each ttl at random, so that values stored together do not expire together. Default 0.1. */
  ttlJitterRatio?: number;
  /** A load that takes longer is given up: its signal is aborted, its key is free, its late result is dropped. Default 30,000. */
  loadTimeoutMs?: number;
  /** A load that takes longer is answered with the stale value, if there is one that `staleIfErrorMs` allows; it goes on. Default: none. */
  softTimeoutMs?: number;
  /** How long a failed load's error is answered to later callers instead of loading again. Default 0: not at all. */
  failureTtlMs?: number;
  /** It doubles with each failure in a row, up to this. Default: 10 times `failureTtlMs`. */
  maxFailureTtlMs?: number;
  /** Freezes what is kept, deeply, so that a caller who changes a shared value fails at once. Default: `NODE_ENV === 'development'`. */
  freeze?: boolean;
  /** Histograms in `stats().latency`. Costs a hit two clock readings, and up to 40 kB a level. Default false. */
  latency?: boolean;
  /** Default: the process's monotonic clock. */
  clock?: Clock;
}

export interface CacheStats {
  /** Reads answered from memory, fresh. Each read counts in exactly one of the next five. */
  memoryHits: number;
  redisHits: number;
  /** Answered with a stale value: the sum of `memoryStaleHits` and `redisStaleHits`. */
  staleHits: number;
  /** Found in no level. */
  misses: number;
  /** Single-flight savings: callers served by a load or a Redis read that another had begun. */
  coalesced: number;
  /** Stale values that memory had: at once, after `softTimeoutMs`, or because the load failed. */
  memoryStaleHits: number;
  redisStaleHits: number;
  /** Reads that memory did not answer: the sum of `redisHits`, `redisStaleHits`, `coalesced` and `misses`. */
  memoryMisses: number;
  /** Reads that Redis was asked for in vain. */
  redisMisses: number;
  loads: number;
  loadErrors: number;
  /** Calls that were refused because `maxLoads` keys were being fetched. */
  loadsRefused: number;
  evictions: number;
  /** Gauge. */
  entries: number;
  /** Gauge; 0 without `memory.maxBytes`. */
  bytes: number;
  /** Calls of `delete`, `invalidateTags` and `clear`. */
  invalidations: number;
  redis: 'none' | 'up' | 'away';
  redisErrors: number;
  redisTimeouts: number;
  /** Times Redis was not even asked because it was away. */
  redisSkipped: number;
  /** Commands that were sent. */
  redisRoundTrips: number;
  breaker: 'none' | 'closed' | 'open' | 'half-open';
  /** 'away': memory is confirmed by Redis instead. */
  bus: 'none' | 'up' | 'away';
  /** Times that messages were, or may have been, missed. */
  busGaps: number;
  busMessages: number;
  /** Loads that another process did, while this one waited for them. */
  leaseWaits: number;
  /** Bytes after compression to bytes before, of what was compressed; 1 while nothing was. */
  compressionRatio: number;
  /** With `latency: true`. Milliseconds. */
  latency?: Record<'memory' | 'redis' | 'load', LatencySummary>;
}

export interface LatencySummary {
  count: number;
  /** These are 0 while there is no count. */
  meanMs: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  maxMs: number;
}

export interface CacheEvents {
  load: { key: string; durationMs: number };
  loadError: { key: string; error: unknown; durationMs: number };
  invalidate: { keys: readonly string[]; tags: readonly string[]; all: boolean };
  /** Redis stopped answering, or refused the connection. */
  redisAway: { error: unknown };
  redisUp: { name: string };
  /**
   * A value could not be encoded for Redis (then it stays in this process's memory level only), could not be read back (then it is a
   * miss), or could not be weighed (then it is not kept).
   */
  codecError: { key: string; error: unknown };
}
