import type { PoolStats } from './counters.js';
import type { Entry } from './entry.js';
import type { AcquireDiagnosis } from './errors.js';

/** For how long the holders had theirs at one moment: thousands of callers may time out at the same one. */
export interface HeldTimes {
  at: number;
  values: readonly number[];
}

/** Longest first. */
export function heldForMs(
  entries: Set<Entry<unknown>>,
  known: HeldTimes | undefined,
  now: number,
): HeldTimes {
  // One figure for a whole millisecond is as good as it needs to be.
  if (known !== undefined && now - known.at < 1) return known;
  const values: number[] = [];
  for (const entry of entries) if (entry.state === 'leased') values.push(now - entry.since);
  return { at: now, values: values.sort((a, b) => b - a) };
}

/** Sorts out why a caller got nothing. */
export function diagnose(
  name: string,
  waitedMs: number,
  { max, inUse, idle, connecting, waiting }: PoolStats,
  heldForMs: readonly number[],
  { failures, lastFailureAgoMs }: { failures: number; lastFailureAgoMs: number | undefined },
): AcquireDiagnosis {
  const reason = inUse + idle >= max ? 'exhausted' : failures > 0 ? 'unreachable' : 'connecting';
  return {
    reason,
    name,
    waitedMs,
    max,
    inUse,
    idle,
    connecting,
    waiting,
    heldForMs,
    failedCreations: failures,
    lastFailureAgoMs,
  };
}
