import type { Clock, Histogram } from '@mainstay/core';
import type { BusMessage } from './bus-messages.js';
import type { StoredRecord } from './record.js';
import type { RedisClient } from './redis-client.js';
import type { GuardListener } from './redis-guard.js';

/** What stood in Redis before a load: the load's result is stored only if it still does. */
export interface Captured {
  readonly stamp: string;
  /** Of the whole cache, then of each tag; '' where there was none. */
  readonly versions: readonly string[];
}

export interface RedisReading {
  /** Undefined: there is none, or it was deleted, or one of its tags was invalidated. */
  readonly record: StoredRecord | undefined;
  readonly captured: Captured;
}

export interface RedisLevelOptions {
  name: string;
  client: RedisClient;
  timeoutMs: number;
  prefix: string;
  leaseMs: number;
  maxJournal: number;
  /** How long a deletion is remembered: longer than any load that may have begun before it. */
  tombstoneMs: number;
  bus: boolean;
  maxStaleMs: number;
  clock: Clock;
  latency: Histogram | undefined;
  listener: RedisListener;
}

export interface RedisListener extends GuardListener {
  received(message: BusMessage): void;
  distrust(): void;
  activity(): number;
}
