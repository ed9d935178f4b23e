import { type Clock, type DeadlineQueue, deadlinesOf, readOptions } from '@mainstay/core';
import { ask, decide, warnOnce } from './ask.js';
import type { Backoff } from './backoff/backoff.js';
import { bindStage, Policy } from './policy.js';
import type { CheckedJudges } from './policy-options.js';
import { requestedDelayMs } from './retry-after.js';
import { RetryBudget } from './retry-budget.js';
import {
  type GiveUpReason,
  type RetryEvents,
  type RetryOptions,
  type RetryStats,
  retryFields,
} from './retry-options.js';
import type { Run, Scope } from './scope.js';
import { sleep } from './sleep.js';

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
    const checked = readOptions('retry', options, retryFields);
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

  /** Without a closure or a coroutine for the call that goes well at once, which nearly all do. */
  #call(next: Run, scope: Scope): Promise<unknown> {
    this.#budget?.recordOnce(scope.root);
    return next(scope).then(
      this.#judges.result === undefined
        ? this.#succeedAtOnce
        : (value: unknown) => this.#goOn({ failed: false, value }, next, scope),
      (error: unknown) => this.#goOn({ failed: true, value: error }, next, scope),
    );
  }

  /** From the outcome of the first attempt to the answer. */
  async #goOn(first: Outcome, next: Run, scope: Scope): Promise<unknown> {
    let outcome = first;
    let waitedMs = 0;
    for (let attempt = 1; ; attempt += 1) {
      if (scope.aborted) return this.#abort(outcome);
      if (!this.#isRetryable(outcome, attempt)) return this.#end(outcome, attempt);
      const delayMs = this.#delayBefore(outcome, attempt, waitedMs, scope);
      if (typeof delayMs !== 'number') return this.#giveUp(outcome, attempt, delayMs);
      waitedMs = delayMs;
      await this.#wait(delayMs, outcome, attempt, scope);
      outcome = await outcomeOf(next(scope));
    }
  }

  #isRetryable({ failed, value }: Outcome, attempt: number): boolean {
    const { error, result } = this.#judges;
    if (!failed) return result !== undefined && decide('shouldRetry.result', result, false, value, attempt);
    return decide('shouldRetry', error ?? isRetryable, false, value, attempt);
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

  readonly #succeedAtOnce = (value: unknown): unknown => this.#succeed(value, 1);

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

function outcomeOf(attempt: Promise<unknown>): Promise<Outcome> {
  return attempt.then(
    (value) => ({ failed: false, value }),
    (error: unknown) => ({ failed: true, value: error }),
  );
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
