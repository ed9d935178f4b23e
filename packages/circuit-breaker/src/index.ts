export type { CallContext } from './call-context.js';
export { CircuitBreaker, type ExecuteOptions } from './circuit-breaker.js';
export { CircuitOpenError, isCircuitOpenError } from './circuit-open-error.js';
export type { CircuitBreakerOptions, FailureJudges } from './options.js';
export type { Permit } from './permit.js';
export type { CircuitBreakerState } from './serialized-state.js';
export type {
  CircuitBreakerEvents,
  CircuitBreakerStats,
  CircuitState,
  Outcome,
  StateChangeReason,
  TripReason,
} from './types.js';
