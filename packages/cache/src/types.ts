import type { Clock } from '@mainstay/core';
import type { RedisClient } from './redis-client.js';

/** What a loader receives. */
export interface LoadContext {
  /**
   * Aborted when the load takes longer than `loadTimeoutMs`, when every caller that waited for it has gone, and when the cache
   * is closed. Made on first read.
   */
  readonly signal: AbortSignal;
  readonly key: string;
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
  /** At most 100, each 1 to 512 characters. `invalidateTags` makes every value that carries one of them void. */
  tags?: readonly string[];
}

export interface GetOrSetOptions extends EntryOptions {
  /** Ends this caller's wait. The load goes on for the others, and is aborted when nobody is left. */
  signal?: AbortSignal;
}

export interface MemoryOptions {
  /** Default 10,000. */
  maxEntries?: number;
  /** Weighs every value; without it nothing is weighed and `stats().bytes` is 0. */
  maxBytes?: number;
  /** Bytes of a value. Default: a rough estimate that walks the value. */
  sizeOf?: (value: unknown, key: string) => number;
  /**
   * With Redis: how long a value is answered from memory before Redis is asked (one read) whether it still holds. It is the
   * bound for what another process deleted, set or invalidated. Default 1,000. 0 asks every time, `Infinity` never.
   */
  maxAgeMs?: number;
}

export interface RedisOptions {
  /** An ioredis client, created with any options; it stays yours and is not closed. Redis Cluster is not supported yet. */
  client: RedisClient;
  /** What one read or write may cost a caller. Default 50. */
  timeoutMs?: number;
  /** Stands before every key. Default: the cache's name and a colon. */
  prefix?: string;
}

export interface CacheOptions {
  /** 1 to 100 characters; names the cache in `stats()`, in errors and, unless a prefix is given, in Redis. */
  name: string;
  memory?: MemoryOptions;
  redis?: RedisClient | RedisOptions;
  /** Default 60,000. */
  ttlMs?: number;
  /** Default 0. */
  staleMs?: number;
  /** Default 0. */
  staleIfErrorMs?: number;
  /** Up to this share is taken off each ttl at random, so that values stored together do not expire together. Default 0.1. */
  ttlJitterRatio?: number;
  /** A load that takes longer is given up: its signal is aborted, its key is free, its late result is dropped. Default 30,000. */
  loadTimeoutMs?: number;
  /** How long a failed load's error is answered to later callers instead of loading again. Default 0: not at all. */
  failureTtlMs?: number;
  /** Default: the process's monotonic clock. */
  clock?: Clock;
}

export interface CacheStats {
  /** Reads answered from memory, fresh. Each read counts in exactly one of the next five. */
  memoryHits: number;
  redisHits: number;
  /** Answered with a stale value, from either level. */
  staleHits: number;
  /** Found in no level. */
  misses: number;
  /** Callers served by a load or a Redis read that another had begun. */
  coalesced: number;
  loads: number;
  loadErrors: number;
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
}

export interface CacheEvents {
  load: { key: string; durationMs: number };
  loadError: { key: string; error: unknown; durationMs: number };
  invalidate: { keys: readonly string[]; tags: readonly string[]; all: boolean };
  /** Redis stopped answering, or refused the connection. */
  redisAway: { error: unknown };
  redisUp: { name: string };
  /** A value could not be written as JSON: it stays in this process's memory level only. */
  codecError: { key: string; error: unknown };
}
