export type { CallContext } from './call-context.js';
export { CircuitBreaker, type ExecuteOptions } from './circuit-breaker.js';
export { CircuitBreakerGroup } from './circuit-breaker-group.js';
export { CircuitOpenError, isCircuitOpenError } from './circuit-open-error.js';
export type { CircuitBreakerGroupEvents, EvictionReason } from './group-events.js';
export type { CircuitBreakerGroupOptions } from './group-options.js';
export type { CircuitBreakerGroupStats } from './group-stats.js';
export type { CircuitBreakerOptions, FailureJudges } from './options.js';
export type { Permit } from './permit.js';
export type { CircuitBreakerState } from './serialized-state.js';
export { type SimulationOptions, simulate } from './simulate.js';
export type {
  SimulationChange,
  SimulationStep,
  SimulationTimeline,
  SimulationTotals,
} from './simulation-timeline.js';
export type { TrafficPhase } from './traffic-profile.js';
export type {
  CircuitBreakerEvents,
  CircuitBreakerStats,
  CircuitState,
  Outcome,
  StateChangeReason,
  TripReason,
} from './types.js';
