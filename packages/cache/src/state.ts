import { type Clock, type DeadlineQueue, deadlinesOf, type Events, Histogram } from '@mainstay/core';
import type { BusMessage } from './bus-messages.js';
import { FailureMemory } from './failure-memory.js';
import { LoadTokens } from './load-tokens.js';
import { MemoryLevel, TimedMemoryLevel } from './memory-level.js';
import type { CacheSettings } from './options.js';
import { RedisLevel } from './redis-level.js';
import { TagInvalidations } from './tag-invalidations.js';
import type { CacheEvents } from './types.js';

/** A deletion outlives every load that may have begun before it, with room for commands that a slow Redis executes late. */
const LEAST_TOMBSTONE_MS = 60_000;

export interface Counters {
  memoryHits: number;
  redisHits: number;
  memoryStaleHits: number;
  redisStaleHits: number;
  misses: number;
  redisMisses: number;
  coalesced: number;
  loads: number;
  loadErrors: number;
  loadsRefused: number;
  leaseWaits: number;
  invalidations: number;
}

/** The parts of one cache, which reading, loading and changing share. */
export class CacheState {
  readonly settings: CacheSettings;
  readonly clock: Clock;
  readonly deadlines: DeadlineQueue;
  readonly tags = new TagInvalidations();
  readonly tokens = new LoadTokens();
  readonly failures: FailureMemory;
  readonly memory: MemoryLevel;
  readonly redis: RedisLevel | undefined;
  readonly counters: Counters = {
    memoryHits: 0,
    redisHits: 0,
    memoryStaleHits: 0,
    redisStaleHits: 0,
    misses: 0,
    redisMisses: 0,
    coalesced: 0,
    loads: 0,
    loadErrors: 0,
    loadsRefused: 0,
    leaseWaits: 0,
    invalidations: 0,
  };
  readonly latency: Record<'memory' | 'redis' | 'load', Histogram> | undefined;
  /** Told of what other processes changed. */
  received: (message: BusMessage) => void = () => {};
  events: Events<CacheEvents> | undefined;
  closed = false;

  constructor(settings: CacheSettings) {
    this.settings = settings;
    this.clock = settings.clock;
    this.deadlines = deadlinesOf(settings.clock);
    this.failures = new FailureMemory(settings, this.tags);
    if (settings.latency) {
      this.latency = { memory: new Histogram(), redis: new Histogram(), load: new Histogram() };
    }
    const memory = {
      ...settings.memory,
      maxEntryBytes: settings.maxEntryBytes,
      unweighable: (key: string, error: unknown) => this.emit('codecError', { key, error }),
    };
    this.memory =
      this.latency === undefined
        ? new MemoryLevel(memory, this.tags, settings.clock)
        : new TimedMemoryLevel(memory, this.tags, settings.clock, this.latency.memory);
    if (settings.redis !== undefined) {
      this.redis = new RedisLevel({
        ...settings.redis,
        name: settings.name,
        tombstoneMs: Math.max(LEAST_TOMBSTONE_MS, Math.ceil(settings.loadTimeoutMs * 2)),
        bus: settings.bus,
        maxStaleMs: settings.maxStaleMs,
        clock: settings.clock,
        latency: this.latency?.redis,
        listener: {
          away: (error) => this.emit('redisAway', { error }),
          up: () => this.emit('redisUp', { name: settings.name }),
          received: (message) => this.received(message),
          distrust: () => this.tags.distrust(),
          activity: () => this.counters.memoryHits + this.counters.redisHits + this.counters.misses,
        },
      });
    }
  }

  emit<K extends keyof CacheEvents>(event: K, payload: CacheEvents[K]): void {
    if (this.events?.has(event)) this.events.emit(event, payload);
  }
}
