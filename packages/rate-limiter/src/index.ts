export type { Decision, PolicyState } from './decision.js';
export { isRateLimitError, RateLimitError, type ScheduleErrorCode } from './errors.js';
export type { RateLimiterEvents } from './ledger.js';
export { memoryStore } from './memory-store.js';
export type {
  LimitOptions,
  NamedLimit,
  RateLimiterOptions,
  SeveralLimitsOptions,
  SingleLimitOptions,
} from './options.js';
export { presets } from './presets.js';
export {
  type ConsumeOptions,
  type Policy,
  RateLimiter,
  type RateLimiterStats,
  type ScheduleOptions,
} from './rate-limiter.js';
export type { Reservation } from './reservation.js';
export type { Algorithm } from './rules/rule.js';
export type { OnStoreFailure, RateLimitStore } from './store.js';
