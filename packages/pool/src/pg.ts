export type { PoolStats } from './counters.js';
export type { AcquireDiagnosis, AcquireTimeoutReason, Holder } from './diagnosis.js';
export {
  isPoolAcquireTimeoutError,
  isPoolClosedError,
  isPoolCreateTimeoutError,
  isPoolOverloadedError,
  isPoolQueueFullError,
  PoolAcquireTimeoutError,
  PoolClosedError,
  PoolCreateTimeoutError,
  PoolOverloadedError,
  PoolQueueFullError,
} from './errors.js';
export type { DestroyReason, Leak, PoolEvents } from './events.js';
export type { PooledResource } from './inspection.js';
export type { Lease } from './lease.js';
export type { Limits } from './limits.js';
export type { SessionReset } from './pg/bleed-guard.js';
export type { ExplainOptions, QueryPlan } from './pg/explain.js';
export { fingerprint } from './pg/fingerprint.js';
export type { IndexAdvice, IndexAdviceOptions } from './pg/index-advice.js';
export {
  isQueryTimeoutError,
  isTransactionRolledBackError,
  QueryTimeoutError,
  TransactionRolledBackError,
} from './pg/pg-errors.js';
export type { PgPoolOptions } from './pg/pg-options.js';
export { type ConnectCallback, PgPool } from './pg/pg-pool.js';
export { type Profile, type ProfileSettings, profiles } from './pg/profiles.js';
export type { RepeatedQuery, RepeatedQueryOptions } from './pg/repeated-queries.js';
export { erlangC, type PoolSize, type SizingOptions, sizePool } from './pg/sizing.js';
export type { SlowQuery, SlowQueryOptions } from './pg/slow-queries.js';
export { breaksConnection, isRetryable, sqlStateOf } from './pg/sqlstate.js';
export type { PgClient, StatementLimits } from './pg/statement.js';
export { type TarnPool, toTarn } from './pg/tarn.js';
export type { TransactionFunction } from './pg/transaction.js';
export type { Isolation, TransactionOptions } from './pg/transaction-options.js';
