import type { DeadlineQueue } from '@mainstay/core';
import type { PoolCounters } from './counters.js';
import type { Entry } from './entry.js';
import type { Manners } from './manners.js';

/** What the resources need from the pool. */
export interface ResourceHost<R> {
  counters: PoolCounters;
  deadlines: DeadlineQueue;
  queue: { readonly size: number };
  /** Somebody waits and a resource is ready. */
  lendToFirst: (entry: Entry<R>) => void;
  manners: Manners;
  /** Nothing is open and the last creation under way has failed. */
  unreachable: (error: unknown) => void;
  /** A creation has failed that was one caller's, who had come before it started. */
  failFirst: (error: unknown, startedAt: number) => void;
  /** Something was destroyed or stopped connecting. */
  ended: () => void;
}
