import { type Clock, type DeadlineQueue, deadlinesOf, option, readOptions } from '@mainstay/core';
import { ask, warnOnce } from './ask.js';
import type { Backoff, BackoffRange } from './backoff/backoff.js';
import { backoffField } from './backoff/backoff-field.js';
import { bindStage, Policy } from './policy.js';
import { type CheckedJudges, clockField, type Judges, judgesField, nameField } from './policy-options.js';
import { requestedDelayMs } from './retry-after.js';
import { budgetField, RetryBudget } from './retry-budget.js';
import type { Run, Scope } from './scope.js';
import { sleep } from './sleep.js';

export interface RetryOptions {
  name?: string;
  /** With the first one (default 3; 1 to 1,000,000). */
  maxAttempts?: number;
  /** Default: decorrelated jitter from 100 ms to 10 s. A function may return any number of milliseconds. */
  backoff?: BackoffRange | Backoff;
  /**
   * Which errors are worth another attempt (default: all whose `retryable` is not false), and which results (default: none): a
   * function for the errors, or one for each. After the last attempt the last error or result is the answer.
   */
  shouldRetry?: ((error: unknown, attempt: number) => boolean) | Judges<[attempt: number]>;
  /** Shared with other policies; by default one of its own with the defaults of RetryBudget; false for none. */
  budget?: RetryBudget | false;
  /** An answer that asks for a longer wait than this is not retried (default 30,000). */
  maxRetryAfterMs?: number;
  /** How long an attempt takes at least: none begins that has less time left within a timeout around it (default 0). */
  minAttemptMs?: number;
  clock?: Clock;
}

const fields = {
  name: nameField('retry'),
  maxAttempts: option.integer({ min: 1, max: 1_000_000, default: 3 }),
  backoff: backoffField,
  shouldRetry: judgesField<[number]>(),
  budget: budgetField,
  maxRetryAfterMs: option.milliseconds({ default: 30_000 }),
  minAttemptMs: option.milliseconds({ default: 0 }),
  clock: clockField,
};

/** Why there was no further attempt. */
export type GiveUpReason = 'attempts' | 'not-retryable' | 'retry-after' | 'deadline' | 'budget' | 'backoff';

export interface RetryEvents {
  /** Another attempt will follow. `error` is undefined where a result was judged. */
  retry: { name: string; attempt: number; delayMs: number; error: unknown };
  /** The call failed, after `attempts`. */
  giveUp: { name: string; attempts: number; reason: GiveUpReason; error: unknown };
}

export interface RetryStats {
  /** Calls that were answered well; `recovered` of them after a retry. */
  succeeded: number;
  recovered: number;
  /** Calls that failed for good. */
  failed: number;
  /** Calls given up from outside. */
  aborted: number;
  retries: number;
  /** Calls that were not tried again although they could have been: for want of budget, or of time. */
  budgetDenied: number;
  deadlineDenied: number;
}

interface Outcome {
  readonly failed: boolean;
  readonly value: unknown;
}

/** Made by {@link retry}. */
export class RetryPolicy extends Policy<never, RetryEvents> {
  readonly kind = 'retry';
  protected readonly eventNames = ['retry', 'giveUp'] as const;
  readonly #maxAttempts: number;
  readonly #backoff: Backoff;
  readonly #judges: CheckedJudges<[number]>;
  readonly #budget: RetryBudget | undefined;
  readonly #maxRetryAfterMs: number;
  readonly #minAttemptMs: number;
  readonly #deadlines: DeadlineQueue;
  #succeeded = 0;
  #recovered = 0;
  #failed = 0;
  #aborted = 0;
  #retries = 0;
  #budgetDenied = 0;
  #deadlineDenied = 0;

  constructor(options: RetryOptions | undefined) {
    const checked = readOptions('retry', options, fields);
    super(checked.name);
    this.#maxAttempts = checked.maxAttempts;
    this.#backoff = checked.backoff;
    this.#judges = checked.shouldRetry;
    this.#budget = checked.budget === false ? undefined : (checked.budget ?? ownBudget(checked));
    this.#maxRetryAfterMs = checked.maxRetryAfterMs;
    this.#minAttemptMs = checked.minAttemptMs;
    this.#deadlines = deadlinesOf(checked.clock);
  }

  /** The budget that it draws on: to be shared, or watched. */
  get budget(): RetryBudget | undefined {
    return this.#budget;
  }

  stats(): RetryStats {
    return {
      succeeded: this.#succeeded,
      recovered: this.#recovered,
      failed: this.#failed,
      aborted: this.#aborted,
      retries: this.#retries,
      budgetDenied: this.#budgetDenied,
      deadlineDenied: this.#deadlineDenied,
    };
  }

  /** @internal */
  [bindStage](next: Run): Run {
    return (scope) => this.#call(next, scope);
  }

  async #call(next: Run, scope: Scope): Promise<unknown> {
    this.#budget?.recordOnce(scope.root);
    let waitedMs = 0;
    for (let attempt = 1; ; attempt += 1) {
      let failed = false;
      let value: unknown;
      try {
        value = await next(scope);
        if (this.#judges.result === undefined) return this.#succeed(value, attempt);
      } catch (error) {
        failed = true;
        value = error;
      }
      const outcome = { failed, value };
      if (scope.aborted) return this.#abort(outcome);
      if (!this.#isRetryable(outcome, attempt)) return this.#end(outcome, attempt);
      const delayMs = this.#delayBefore(outcome, attempt, waitedMs, scope);
      if (typeof delayMs !== 'number') return this.#giveUp(outcome, attempt, delayMs);
      waitedMs = delayMs;
      await this.#wait(delayMs, outcome, attempt, scope);
    }
  }

  #isRetryable({ failed, value }: Outcome, attempt: number): boolean {
    const { error, result } = this.#judges;
    if (!failed)
      return result !== undefined && Boolean(ask('shouldRetry.result', result, false, value, attempt));
    return Boolean(ask('shouldRetry', error ?? isRetryable, false, value, attempt));
  }

  /** @returns the wait, or why there is none */
  #delayBefore(outcome: Outcome, attempt: number, waitedMs: number, scope: Scope): number | GiveUpReason {
    if (attempt >= this.#maxAttempts) return 'attempts';
    const requestedMs = requestedDelayMs(outcome.value) ?? 0;
    if (requestedMs > this.#maxRetryAfterMs) return 'retry-after';
    const backoffMs = ask('backoff', this.#backoff, Number.NaN, attempt, waitedMs);
    if (!(typeof backoffMs === 'number' && backoffMs >= 0 && backoffMs < Number.POSITIVE_INFINITY)) {
      warnOnce(
        this.#backoff,
        `backoff of "${this.name}" returned no number of milliseconds: there was no retry`,
      );
      return 'backoff';
    }
    // Never earlier than asked, and up to a tenth later, lest all who were told the same come back as one.
    const delayMs = Math.max(backoffMs, requestedMs * (1 + Math.random() / 10));
    if (delayMs + this.#minAttemptMs >= scope.remainingMs()) {
      this.#deadlineDenied += 1;
      return 'deadline';
    }
    if (this.#budget !== undefined && !this.#budget.tryRetry()) {
      this.#budgetDenied += 1;
      return 'budget';
    }
    return delayMs;
  }

  async #wait(delayMs: number, { failed, value }: Outcome, attempt: number, scope: Scope): Promise<void> {
    this.#retries += 1;
    if (this.events?.has('retry')) {
      const error = failed ? value : undefined;
      this.events.emit('retry', { name: this.name, attempt, delayMs, error });
    }
    try {
      await sleep(delayMs, scope, this.#deadlines);
    } catch (reason) {
      this.#aborted += 1;
      throw reason;
    }
  }

  #succeed(value: unknown, attempt: number): unknown {
    this.#succeeded += 1;
    if (attempt > 1) this.#recovered += 1;
    return value;
  }

  #abort({ failed, value }: Outcome): unknown {
    this.#aborted += 1;
    if (failed) throw value;
    return value;
  }

  /** Nothing to retry: the result is good, or the error is one that stays. */
  #end(outcome: Outcome, attempt: number): unknown {
    return outcome.failed
      ? this.#giveUp(outcome, attempt, 'not-retryable')
      : this.#succeed(outcome.value, attempt);
  }

  #giveUp({ failed, value }: Outcome, attempts: number, reason: GiveUpReason): unknown {
    this.#failed += 1;
    if (this.events?.has('giveUp')) {
      const error = failed ? value : undefined;
      this.events.emit('giveUp', { name: this.name, attempts, reason, error });
    }
    if (failed) throw value;
    return value;
  }
}

function isRetryable(error: unknown): boolean {
  return (error as { retryable?: unknown } | null | undefined)?.retryable !== false;
}

function ownBudget({ name, clock }: { name: string; clock: Clock }): RetryBudget {
  return new RetryBudget({ name, clock });
}

/**
 * Calls again what failed, after a wait that grows and is spread by chance.
 *
 * Whether a call may be made twice is the caller's to know: nothing here can tell a read from a payment. An answer that asks
 * for time (`Retry-After`, an open circuit's `retryAfterMs`) gets it. There is no retry that could only begin after a timeout
 * around it, none without budget, and no call after an abort, which also ends the wait at once.
 * @throws TypeError or RangeError naming the option
 */
export function retry(options?: RetryOptions): RetryPolicy {
  return new RetryPolicy(options);
}
