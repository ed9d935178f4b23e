/** `isolated`: held open by hand, with {@link CircuitBreaker.isolate}. */
export type CircuitState = 'closed' | 'open' | 'half-open' | 'isolated';

/** How a call ended, from the dependency's point of view. `ignored` says nothing about it: its caller went away. */
export type Outcome = 'success' | 'failure' | 'ignored';

/** The rule that opened a closed circuit. */
export type TripReason = 'failure-count' | 'failure-rate' | 'consecutive-failures' | 'slow-call-rate';

export type StateChangeReason =
  | TripReason
  | 'open-time-over'
  | 'probes-succeeded'
  | 'probes-failed'
  | 'ramp-finished'
  | 'ramp-failed'
  | 'isolated'
  | 'released'
  | 'reset';

/** What a listener of {@link CircuitBreaker.on} receives. */
export interface CircuitBreakerEvents {
  stateChange: { name: string; from: CircuitState; to: CircuitState; reason: StateChangeReason };
  /** A call was turned away. */
  reject: { name: string; state: CircuitState; retryAfterMs: number };
  success: { name: string };
  /** `error` is what the call rejected with, or undefined where its result was judged a failure. */
  failure: { name: string; error: unknown };
  /** A caller went away before the call had ended. */
  ignore: { name: string };
  /** A call ended that had been admitted before the circuit last changed: counted, and otherwise without effect. */
  late: { name: string; outcome: Outcome };
}

/** Counters grow for the life of the instance; the last five are read at this moment. */
export interface CircuitBreakerStats {
  state: CircuitState;
  /** Calls that ended well; with `failed`, `ignored` and `late` every settled call is counted exactly once. */
  succeeded: number;
  failed: number;
  /** Calls whose caller went away, and permits given back with `ignore()`. */
  ignored: number;
  /** Calls turned away without being made. */
  rejected: number;
  /** Calls among `succeeded` and `failed` that took `slowCallMs` or longer. */
  slow: number;
  /** Calls that ended after the state under which they were admitted. */
  late: number;
  /** How many times the circuit opened by itself. */
  opened: number;
  stateChanges: number;
  /** Completed calls in the window. */
  windowCalls: number;
  windowFailures: number;
  /** 0 to 1, of the window; 0 while it is empty. */
  failureRate: number;
  /** How long the circuit has not been closed, in milliseconds; 0 while it is. */
  openForMs: number;
  /** Callers who wait while the circuit is half-open, where `halfOpen.waiting` allows it. */
  waiting: number;
}

export const eventNames: readonly (keyof CircuitBreakerEvents)[] = [
  'stateChange',
  'reject',
  'success',
  'failure',
  'ignore',
  'late',
];
