import type { Clock, Histogram } from '@mainstay/core';
import type { BusMessage } from './bus-messages.js';
import type { RedisClient } from './redis-client.js';
import type { GuardListener } from './redis-guard.js';

export interface RedisLevelOptions {
  name: string;
  client: RedisClient;
  timeoutMs: number;
  prefix: string;
  /** Over how many slots of a Cluster the cache is spread. */
  clusterSlots: number;
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
