import type { DeadlineQueue } from '@mainstay/core';
import type { AcquireQueue } from './acquire-queue.js';
import type { PoolCounters } from './counters.js';
import type { Entry } from './entry.js';

/** What the resources need from the pool. */
export interface ResourceHost<R> {
  counters: PoolCounters;
  deadlines: DeadlineQueue;
  queue: AcquireQueue<R>;
  /** Somebody waits and a resource is ready. */
  lendToFirst: (entry: Entry<R>, now: number) => void;
  /** Nothing is open and the last creation under way has failed. */
  unreachable: (error: unknown) => void;
  /** Something was destroyed or stopped connecting. */
  ended: () => void;
}
