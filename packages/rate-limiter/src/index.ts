export type { Decision, PolicyState } from './decision.js';
export { isRateLimitError, RateLimitError, type ScheduleErrorCode } from './errors.js';
export type { TrustProxy } from './http/client-address.js';
export type { HttpLimitOptions, Verdict } from './http/http-limit.js';
export { type ByIpOptions, bearerToken, byIp, byUser, type KeyOf, type RequestView } from './http/keys.js';
export { nodeRateLimit } from './http/node.js';
export type { Refusal } from './http/refusal.js';
export type { SkipLists } from './http/skip.js';
export { refusalResponse, webRateLimit } from './http/web.js';
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
