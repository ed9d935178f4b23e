import {
  type Clock,
  type DeadlineQueue,
  deadlinesOf,
  invalidOption,
  option,
  readOptions,
} from '@mainstay/core';
import { HedgeDelay } from './hedge-delay.js';
import { HedgedCall } from './hedged-call.js';
import { bindStage, Policy } from './policy.js';
import { clockField, nameField } from './policy-options.js';
import { budgetField, RetryBudget } from './retry-budget.js';
import type { Run, Scope } from './scope.js';

export interface HedgeOptions {
  name?: string | undefined;
  /** After how long without an answer another attempt is made. This or `quantile` is needed. */
  delayMs?: number | undefined;
  /**
   * The delay is this quantile (0.5 to 0.999) of how long the last 1,000 to 2,000 first attempts took, which costs a clock
   * reading a call and about 10 kB. Until 20 are known it is `delayMs`, or there is no hedge where none is given.
   */
  quantile?: number | undefined;
  /** How many attempts besides the first (default 1; 1 to 10), each after another delay. */
  maxHedges?: number | undefined;
  /** Shared with other policies; by default one of its own with the defaults of RetryBudget; false for none. */
  budget?: RetryBudget | false | undefined;
  clock?: Clock | undefined;
}

const fields = {
  name: nameField('hedge'),
  delayMs: option.milliseconds({ optional: true }),
  quantile: option.ratio({ min: 0.5, max: 0.999, optional: true }),
  maxHedges: option.integer({ min: 1, max: 10, default: 1 }),
  budget: budgetField,
  clock: clockField,
};

export interface HedgeEvents {
  /** Another attempt was made; `hedge` counts from 1. */
  hedge: { name: string; hedge: number; delayMs: number };
}

export interface HedgeStats {
  succeeded: number;
  failed: number;
  aborted: number;
  hedges: number;
  /** Calls that a hedge answered. */
  won: number;
  /** Hedges that were not made for want of budget. */
  budgetDenied: number;
  /** What it is at this moment; -1 where too little is known to hedge. */
  delayMs: number;
}

/** Made by {@link hedge}. */
export class HedgePolicy extends Policy<never, HedgeEvents> {
  readonly kind = 'hedge';
  protected readonly eventNames = ['hedge'] as const;
  readonly #clock: Clock;
  readonly #deadlines: DeadlineQueue;
  readonly #delay: HedgeDelay;
  readonly #maxHedges: number;
  readonly #budget: RetryBudget | undefined;
  #succeeded = 0;
  #failed = 0;
  #aborted = 0;
  #hedges = 0;
  #won = 0;
  #budgetDenied = 0;

  constructor(options: HedgeOptions) {
    const { name, delayMs, quantile, maxHedges, budget, clock } = readOptions('hedge', options, fields);
    if (delayMs === undefined && quantile === undefined) {
      throw invalidOption('hedge', 'delayMs', 'is needed, or quantile', undefined);
    }
    super(name);
    this.#clock = clock;
    this.#deadlines = deadlinesOf(clock);
    this.#delay = new HedgeDelay(delayMs ?? Number.POSITIVE_INFINITY, quantile);
    this.#maxHedges = maxHedges;
    this.#budget = budget === false ? undefined : (budget ?? new RetryBudget({ name, clock }));
  }

  /** The budget that it draws on: to be shared, or watched. */
  get budget(): RetryBudget | undefined {
    return this.#budget;
  }

  stats(): HedgeStats {
    const { delayMs } = this.#delay;
    return {
      succeeded: this.#succeeded,
      failed: this.#failed,
      aborted: this.#aborted,
      hedges: this.#hedges,
      won: this.#won,
      budgetDenied: this.#budgetDenied,
      delayMs: delayMs === Number.POSITIVE_INFINITY ? -1 : delayMs,
    };
  }

  /** @internal */
  [bindStage](next: Run): Run {
    return (scope) => {
      if (scope.aborted) return Promise.reject(scope.reason);
      return this.#call(next, scope);
    };
  }

  #call(next: Run, scope: Scope): Promise<unknown> {
    this.#budget?.recordOnce(scope.root);
    const { delayMs, quantile } = this.#delay;
    const startedAt = quantile === undefined ? 0 : this.#clock.now();
    return new Promise((resolve, reject) => {
      new HedgedCall(next, scope, this.#deadlines, delayMs, {
        mayHedge: (hedge) => this.#mayHedge(hedge, delayMs),
        succeeded: (result, attempt) => {
          this.#succeeded += 1;
          if (attempt > 0) this.#won += 1;
          if (quantile !== undefined) this.#delay.record(this.#clock.now() - startedAt);
          resolve(result);
        },
        failed: (error) => {
          this.#failed += 1;
          reject(error);
        },
        aborted: (reason) => {
          this.#aborted += 1;
          reject(reason);
        },
      }).begin();
    });
  }

  #mayHedge(hedge: number, delayMs: number): boolean {
    if (hedge > this.#maxHedges) return false;
    if (this.#budget !== undefined && !this.#budget.tryRetry()) {
      this.#budgetDenied += 1;
      return false;
    }
    this.#hedges += 1;
    if (this.events?.has('hedge')) this.events.emit('hedge', { name: this.name, hedge, delayMs });
    return true;
  }
}

/**
 * Makes another attempt where the first is slow, takes the first success and aborts the signal of the others (J. Dean, L. A.
 * Barroso, "The Tail at Scale", 2013). A failure is answered when nothing else is running: it starts no hedge, that is for
 * `retry`. Whether a call may be made twice is the caller's to know.
 * @throws TypeError or RangeError naming the option
 */
export function hedge(options: HedgeOptions): HedgePolicy {
  return new HedgePolicy(options);
}
