import { type Clock, option } from '@mainstay/core';
import type { Backoff, BackoffRange } from './backoff/backoff.js';
import { backoffField } from './backoff/backoff-field.js';
import { clockField, type Judges, judgesField, nameField } from './policy-options.js';
import { budgetField, type RetryBudget } from './retry-budget.js';

export interface RetryOptions {
  name?: string | undefined;
  /** With the first one (default 3; 1 to 1,000,000). */
  maxAttempts?: number | undefined;
  /** Default: decorrelated jitter from 100 ms to 10 s. A function may return any number of milliseconds. */
  backoff?: BackoffRange | Backoff | undefined;
  /**
   * Which errors are worth another attempt (default: all whose `retryable` is not false), and which results (default: none): a
   * function for the errors, or one for each. After the last attempt the last error or result is the answer.
   */
  shouldRetry?: ((error: unknown, attempt: number) => boolean) | Judges<[attempt: number]> | undefined;
  /** Shared with other policies; by default one of its own with the defaults of RetryBudget; false for none. */
  budget?: RetryBudget | false | undefined;
  /** An answer that asks for a longer wait than this is not retried (default 30,000). */
  maxRetryAfterMs?: number | undefined;
  /** How long an attempt takes at least: none begins that has less time left within a timeout around it (default 0). */
  minAttemptMs?: number | undefined;
  clock?: Clock | undefined;
}

export const retryFields = {
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
