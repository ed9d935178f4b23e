import type { Events } from '@mainstay/core';
import type { PoolCounters } from './counters.js';
import type { Entry } from './entry.js';
import type { PoolEvents } from './events.js';

/** What the resources need from the pool. */
export interface ResourceHost<R> {
  counters: PoolCounters;
  events: () => Events<PoolEvents<R>> | undefined;
  waiting: () => number;
  /** A resource is ready: lend it to the first waiter and return true, or return false. */
  lend: (entry: Entry<R>, now: number) => boolean;
  /** Nothing is open and the last creation under way has failed. */
  unreachable: (error: unknown) => void;
  /** Something was destroyed or stopped connecting. */
  ended: () => void;
}
