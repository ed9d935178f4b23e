import type { CallWindow } from './call-window.js';
import type { TripReason } from './types.js';

/** A limit that is not in force is Infinity: compared like any other, never reached. */
export interface TripLimits {
  readonly failureThreshold: number;
  readonly failureRateFloor: number;
  readonly failureRateThreshold: number;
  readonly minimumCalls: number;
  readonly consecutiveFailures: number;
  readonly slowCallMs: number;
  readonly slowCallRateThreshold: number;
}

/** Which rule the calls in the window break, if any. Any one suffices. */
export function brokenRule(
  limits: TripLimits,
  window: CallWindow,
  consecutiveFailures: number,
  now: number,
): TripReason | undefined {
  const calls = window.calls(now);
  const failures = window.failures(now);
  // Divided, not multiplied: 7 / 100 is exactly the 0.07 that was asked for, 0.07 * 100 is a little more than 7.
  const failureRate = failures / calls;
  if (consecutiveFailures >= limits.consecutiveFailures) return 'consecutive-failures';
  if (failures >= limits.failureThreshold && failureRate >= limits.failureRateFloor) return 'failure-count';
  if (calls < limits.minimumCalls) return undefined;
  if (failureRate >= limits.failureRateThreshold) return 'failure-rate';
  if (limits.slowCallRateThreshold === Infinity) return undefined;
  if (window.slowCalls(now) / calls >= limits.slowCallRateThreshold) return 'slow-call-rate';
  return undefined;
}

/** The failure rate that would open the closed circuit. */
export function tolerableFailureRate(limits: TripLimits): number {
  return Math.min(limits.failureRateThreshold, limits.failureRateFloor);
}
