import type { DeadlineQueue } from '@mainstay/core';
import type { PoolCounters } from './counters.js';
import type { Entry } from './entry.js';

/** What the resources need from the pool. */
export interface ResourceHost<R> {
  counters: PoolCounters;
  deadlines: DeadlineQueue;
  queue: { readonly size: number };
  /** Somebody waits and a resource is ready. */
  lendToFirst: (entry: Entry<R>) => void;
  /** Nothing is open and the last creation under way has failed. */
  unreachable: (error: unknown) => void;
  /** Something was destroyed or stopped connecting. */
  ended: () => void;
}
