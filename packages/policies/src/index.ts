export {
  type AdaptiveConcurrencyEvents,
  AdaptiveConcurrencyPolicy,
  type AdaptiveConcurrencyStats,
  adaptiveConcurrency,
} from './adaptive-concurrency.js';
export type { Backoff, BackoffRange, Random } from './backoff/backoff.js';
export { constantBackoff } from './backoff/constant.js';
export { decorrelatedJitter } from './backoff/decorrelated-jitter.js';
export { fullJitter } from './backoff/full-jitter.js';
export {
  type BulkheadEvents,
  type BulkheadOptions,
  BulkheadPolicy,
  type BulkheadStats,
  bulkhead,
} from './bulkhead.js';
export type { CallContext, ExecuteOptions, Priority, Work } from './call-context.js';
export type { AdaptiveConcurrencyOptions } from './concurrency-options.js';
export {
  type FallbackEvents,
  type FallbackFunction,
  type FallbackOptions,
  FallbackPolicy,
  type FallbackStats,
  fallback,
} from './fallback.js';
export { FallbackError, isFallbackError } from './fallback-error.js';
export type { Guard } from './guard.js';
export { type HedgeEvents, type HedgeOptions, HedgePolicy, type HedgeStats, hedge } from './hedge.js';
export { Pipeline, type PipelineStats, pipeline, type SubstituteOf } from './pipeline.js';
export { Policy } from './policy.js';
export type { Judges } from './policy-options.js';
export { isRejectedError, type RejectedCode, RejectedError, type RejectReason } from './rejected-error.js';
export { RetryPolicy, retry } from './retry.js';
export { parseRetryAfter } from './retry-after.js';
export { RetryBudget, type RetryBudgetOptions, type RetryBudgetStats } from './retry-budget.js';
export type { GiveUpReason, RetryEvents, RetryOptions, RetryStats } from './retry-options.js';
export {
  type ThrottleEvents,
  type ThrottleOptions,
  ThrottlePolicy,
  type ThrottleStats,
  throttle,
} from './throttle.js';
export {
  type TimeoutEvents,
  type TimeoutOptions,
  TimeoutPolicy,
  type TimeoutStats,
  timeout,
} from './timeout.js';
export { isTimeoutError, TimeoutError } from './timeout-error.js';
