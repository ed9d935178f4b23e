export type {
  CheckContext,
  CheckOptions,
  CheckOutcome,
  CheckReport,
  CheckResult,
  HealthStatus,
} from './check.js';
export {
  type BreakerLike,
  breakerCheck,
  type CacheLike,
  type ComponentCheckOptions,
  cacheCheck,
  type PoolCheckOptions,
  type PoolLike,
  pingCheck,
  poolCheck,
} from './component-checks.js';
export type { ApplicationLike, ServerLike } from './drain.js';
export {
  GracefulShutdown,
  type GracefulShutdownOptions,
  type ShutdownLogEntry,
  type ShutdownReport,
} from './graceful-shutdown.js';
export { HealthChecks, type HealthChecksOptions, type HealthEvents } from './health-checks.js';
export type { HealthHttpOptions, HealthPaths } from './http-responses.js';
export { nodeHandler } from './node-handler.js';
export type { CheckStats, HealthReport, HealthStats, Liveness, Readiness } from './report.js';
export type { ShutdownStep, StepOutcome } from './shutdown-steps.js';
export { webHandler } from './web-handler.js';
