export type { AcquireOptions } from './acquire-options.js';
export type { PoolCounters, PoolStats } from './counters.js';
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
export type { DestroyReason, PoolEvents } from './events.js';
export type { PooledResource } from './inspection.js';
export type { Lease } from './lease.js';
export type { CreateContext, PoolOptions, ResetResult } from './options.js';
export { Pool } from './pool.js';
