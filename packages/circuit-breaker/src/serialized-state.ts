import type { CircuitState } from './types.js';

/** What outlives a process; times are milliseconds from the moment of the snapshot. */
export interface CircuitSnapshot {
  readonly state: CircuitState;
  readonly remainingOpenMs: number;
  readonly openForMs: number;
  readonly trips: number;
  readonly consecutiveFailures: number;
  readonly isolations: number;
}

/**
 * What `toJSON()` gives and `initialState` takes; it survives JSON. Times are milliseconds; the wall clock appears only
 * here, in `savedAtEpochMs`, where the value leaves the process.
 */
export interface CircuitBreakerState {
  readonly state: CircuitState;
  readonly savedAtEpochMs: number;
  /** How much longer the circuit was to stay open; 0 unless `state` is `open`. */
  readonly remainingOpenMs: number;
  /** How long it had not been closed. */
  readonly openForMs: number;
  /** How many times it had opened since it was last closed: the exponent of `openBackoff`. */
  readonly trips: number;
  readonly consecutiveFailures: number;
  /** How many `isolate()` were not yet released. */
  readonly isolations: number;
}

export function serialized(snapshot: CircuitSnapshot): CircuitBreakerState {
  return { ...snapshot, savedAtEpochMs: Date.now() };
}

/**
 * @param maxOpenMs no saved value holds the circuit open for longer, whatever was stored and whatever the wall clock did
 */
export function restoredSnapshot(saved: CircuitBreakerState, maxOpenMs: number): CircuitSnapshot {
  // A wall clock that was set back would lengthen the wait: then none of it counts as over.
  const elapsed = Math.max(0, Date.now() - saved.savedAtEpochMs);
  const remainingOpenMs = Math.min(maxOpenMs, Math.max(0, saved.remainingOpenMs - elapsed));
  return {
    state: saved.state,
    remainingOpenMs,
    openForMs: saved.openForMs + elapsed,
    trips: saved.trips,
    consecutiveFailures: saved.consecutiveFailures,
    // Held open, but by nobody, it could not be released.
    isolations: saved.state === 'isolated' ? Math.max(1, saved.isolations) : 0,
  };
}
