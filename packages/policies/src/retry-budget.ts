import { type Clock, option, RollingWindow, readOptions } from '@mainstay/core';
import { clockField, nameField } from './policy-options.js';
import type { RootScope } from './scope.js';

export interface RetryBudgetOptions {
  name?: string | undefined;
  /** How many retries and hedges there may be for each call of the window (default 0.2; 0 to 10). */
  ratio?: number | undefined;
  /** How many there may be in any case, per second, so that quiet services can retry at all (default 10; 0 to 1,000,000). */
  minPerSecond?: number | undefined;
  /** What is looked back on (default 10,000). */
  windowMs?: number | undefined;
  clock?: Clock | undefined;
}

const fields = {
  name: nameField('retry-budget'),
  ratio: option.number({ min: 0, max: 10, default: 0.2 }),
  minPerSecond: option.number({ min: 0, max: 1_000_000, default: 10 }),
  windowMs: option.milliseconds({ min: 100, default: 10_000 }),
  clock: clockField,
};

const BUCKETS = 10;
const CALLS = 0;
const RETRIES = 1;

export interface RetryBudgetStats {
  /** Retries and hedges that were granted and denied. */
  granted: number;
  denied: number;
  /** Of the window. */
  calls: number;
  retries: number;
  /** How many more would be granted now. */
  left: number;
}

/**
 * Keeps retries and hedges together below a share of the calls, so that they cannot multiply the load of a dependency that is
 * down (after Finagle's and failsafe-go's budgets). Within any window it grants at most
 * `ratio × calls + minPerSecond × windowMs / 1000`. Give one budget to all the policies that lead to one dependency.
 */
export class RetryBudget {
  readonly kind = 'retry-budget';
  readonly name: string;
  readonly #window: RollingWindow;
  readonly #clock: Clock;
  readonly #ratio: number;
  readonly #reserve: number;
  /** Calls of the same reading of the clock go into the window together: every call that goes well comes through here. */
  #newCalls = 0;
  #newCallsAt = 0;
  #granted = 0;
  #denied = 0;

  /** @throws TypeError or RangeError naming the option */
  constructor(options?: RetryBudgetOptions) {
    const { name, ratio, minPerSecond, windowMs, clock } = readOptions('RetryBudget', options, fields);
    this.name = name;
    this.#ratio = ratio;
    this.#reserve = (minPerSecond * windowMs) / 1_000;
    this.#clock = clock;
    this.#window = new RollingWindow({ windowMs, buckets: BUCKETS, counters: 2, clock });
  }

  /** Counts a call; the policies do so themselves. */
  recordCall(): void {
    const now = this.#clock.coarseNow();
    if (now !== this.#newCallsAt) {
      this.#countNewCalls();
      this.#newCallsAt = now;
    }
    this.#newCalls += 1;
  }

  /** @returns whether one more retry or hedge may be made; if so it is counted */
  tryRetry(): boolean {
    if (this.#left() < 1) {
      this.#denied += 1;
      return false;
    }
    this.#granted += 1;
    this.#window.add(RETRIES);
    return true;
  }

  /** @internal Once a call, however many policies on its way share this budget. */
  recordOnce(root: RootScope): void {
    if (root.countedBy === this) return;
    root.countedBy = this;
    this.recordCall();
  }

  stats(): RetryBudgetStats {
    this.#countNewCalls();
    return {
      granted: this.#granted,
      denied: this.#denied,
      calls: this.#window.sum(CALLS),
      retries: this.#window.sum(RETRIES),
      left: Math.max(0, Math.floor(this.#left())),
    };
  }

  #countNewCalls(): void {
    if (this.#newCalls > 0) this.#window.add(CALLS, this.#newCalls, this.#newCallsAt);
    this.#newCalls = 0;
  }

  #left(): number {
    this.#countNewCalls();
    const earned = this.#ratio * this.#window.sum(CALLS) + this.#reserve;
    // What makes 0.2 × 15 two and a bit more than three must not decide.
    return earned - this.#window.sum(RETRIES) + 1e-9;
  }
}

/** What the options of policies take: a budget to share, nothing for one of their own, false for none. */
export const budgetField = option.custom<RetryBudget | false>(
  'a RetryBudget or false',
  (received) => received === false || received instanceof RetryBudget,
  { optional: true },
);
