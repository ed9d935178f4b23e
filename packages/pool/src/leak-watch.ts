import type { Clock, Deadline, DeadlineQueue, Events } from '@mainstay/core';
import type { PoolCounters } from './counters.js';
import type { Entry } from './entry.js';
import type { PoolEvents } from './events.js';
import { type Holding, linesOf } from './holding.js';

/** The longest pause between two looks. */
const LONGEST_PAUSE_MS = 10_000;

export interface LeakWatchHost<R> {
  clock: Clock;
  deadlines: DeadlineQueue;
  counters: PoolCounters;
  /** 0: no watch. */
  leakAfterMs: number;
  entries: ReadonlySet<Entry<R>>;
  events: () => Events<PoolEvents<R>> | undefined;
  remember: (entry: Entry<R>) => Holding;
}

/**
 * Looks at what is lent, now and then, while something is: reports what was neither given back nor used for too long, and
 * lets the garbage collector report the leases that nobody holds any more.
 */
export class LeakWatch<R> {
  readonly #host: LeakWatchHost<R>;
  readonly #resting: () => void;
  #deadline: Deadline | undefined;

  /** @param resting nothing is lent, and nothing will be looked at until `begin` */
  constructor(host: LeakWatchHost<R>, resting: () => void) {
    this.#host = host;
    this.#resting = resting;
  }

  begin(): void {
    const { leakAfterMs, deadlines } = this.#host;
    if (leakAfterMs === 0 || this.#deadline !== undefined) return;
    const pause = Math.min(leakAfterMs / 2, LONGEST_PAUSE_MS);
    this.#deadline = deadlines.add(pause, this.#look, { keepAlive: false });
  }

  stop(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  /** @param collected the lease itself is gone */
  report(entry: Entry<R>, now: number, collected: boolean): void {
    const { counters, events } = this.#host;
    if (collected) counters.leaksReclaimed += 1;
    else counters.leaksSuspected += 1;
    const listeners = events();
    if (!listeners?.has('leak')) return;
    listeners.emit('leak', {
      resource: entry.resource,
      heldMs: now - entry.since,
      unusedMs: entry.unusedMs(now),
      stack: linesOf(entry.holding?.trace),
      collected,
    });
  }

  readonly #look = (): void => {
    this.#deadline = undefined;
    const now = this.#host.clock.now();
    let lent = false;
    for (const entry of this.#host.entries) {
      if (entry.state !== 'leased') continue;
      lent = true;
      // Few loans last until a look; for them the registry is not too dear.
      entry.holding?.watch();
      if (entry.holding?.suspected || entry.unusedMs(now) < this.#host.leakAfterMs) continue;
      this.#host.remember(entry).suspected = true;
      this.report(entry, now, false);
    }
    if (lent) this.begin();
    else this.#resting();
  };
}
