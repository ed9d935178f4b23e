export type { PoolStats } from './counters.js';
export {
  type AcquireDiagnosis,
  isPoolAcquireTimeoutError,
  isPoolClosedError,
  isPoolCreateTimeoutError,
  isPoolQueueFullError,
  PoolAcquireTimeoutError,
  PoolClosedError,
  PoolCreateTimeoutError,
  PoolQueueFullError,
} from './errors.js';
export type { PooledResource } from './inspection.js';
export { isTransactionRolledBackError, TransactionRolledBackError } from './pg/pg-errors.js';
export type { PgPoolOptions } from './pg/pg-options.js';
export { PgPool } from './pg/pg-pool.js';
export { breaksConnection, isRetryable, sqlStateOf } from './pg/sqlstate.js';
export type { TransactionFunction, TransactionOptions } from './pg/transaction.js';
