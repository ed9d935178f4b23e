export type { AcquireOptions } from './acquire-options.js';
export type { PoolCounters, PoolStats } from './counters.js';
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
export type { CreateContext, PoolOptions, ResetResult } from './options.js';
export { Pool } from './pool.js';
