import type { Clock } from '@mainstay/core';
import type { Decision } from './decision.js';
import type { Judge } from './judge.js';
import type { Ledger } from './ledger.js';

/** What happens to decisions while the shared store does not answer. */
export type OnStoreFailure = 'local' | 'allow' | 'deny';

/** What a store is told about the limiter that it works for. */
export interface StoreContext {
  readonly name: string;
  readonly judge: Judge;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly maxKeys: number;
  readonly onStoreFailure: OnStoreFailure;
  readonly instances: number;
}

/** Where the state of keys is kept. Made by `memoryStore()` or `redisStore()`, opened by the limiter that it is given to. */
export interface RateLimitStore {
  /** @internal */
  open(context: StoreContext): OpenStore;
}

/** What is needed to settle a reservation. */
export interface Ticket {
  readonly key: string;
  readonly cost: number;
  /** In the store's own time. */
  readonly takenAt: number;
  /** Used under each limit, after taking. */
  readonly usedThen: readonly number[];
  /** Decided here although the store is shared. */
  readonly local: boolean;
}

export interface Reserved {
  readonly decision: Decision;
  /** Undefined when nothing was taken. */
  readonly ticket: Ticket | undefined;
}

export interface StoreStats {
  readonly store: 'memory' | 'up' | 'away';
  readonly keys: number;
  readonly evictions: number;
  /** Decisions made in a bucket that keys share since the table was full. */
  readonly overflowed: number;
  readonly storeErrors: number;
  readonly storeTimeouts: number;
  /** Decisions for which the store was not asked, since it was away. */
  readonly storeSkipped: number;
  /** Scripts sent to the store for decisions. */
  readonly roundTrips: number;
  /** Decisions that shared the round trip of another. */
  readonly coalesced: number;
  /** Decisions out of a lease. */
  readonly leased: number;
  /** Denials that were remembered. */
  readonly remembered: number;
  /** Keys whose local use was told to the store when it was back. */
  readonly merged: number;
}

/** The internal interface that memory and Redis have in common; one conformance suite holds for both. */
export interface OpenStore {
  /** At once from memory, else a promise that does not reject. */
  consume(key: string, cost: number): Decision | Promise<Decision>;
  reserve(key: string, cost: number): Reserved | Promise<Reserved>;
  /** Corrects a reservation to what it really cost. Never rejects. */
  settle(ticket: Ticket, actual: number): void | Promise<void>;
  stats(): StoreStats;
  close(): void;
}
