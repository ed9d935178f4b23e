import { invalidOption, option, type ReadOptions, readOptions } from '@mainstay/core';

/** How the dependency does, and how much is asked of it, for a while. */
export interface TrafficPhase {
  /** Milliseconds of simulated time. */
  forMs: number;
  /** Calls that come in a second, on average; they come at random moments. 0 is allowed. */
  ratePerSecond: number;
  /** 0 to 1: which share of the calls that are made in this phase fails. Default 0. */
  failureRate?: number | undefined;
  /** How long a call takes that begins in this phase. Default 0. */
  latencyMs?: number | undefined;
  /** How long one takes that will fail: a refused connection is quick, a timeout is not. Default: `latencyMs`. */
  failureLatencyMs?: number | undefined;
}

const phaseFields = {
  forMs: option.milliseconds({ min: 1 }),
  ratePerSecond: option.number({ min: 0, max: 1_000_000 }),
  failureRate: option.ratio({ default: 0 }),
  latencyMs: option.milliseconds({ default: 0 }),
  failureLatencyMs: option.milliseconds({ optional: true }),
};

export type CheckedPhase = ReadOptions<typeof phaseFields>;

/** A simulation runs at a few million calls a second: this is half a minute of it, and a mistake in a zero. */
const MOST_CALLS = 50_000_000;

/** @throws TypeError or RangeError naming the phase and the field */
export function readProfile(owner: string, received: unknown): CheckedPhase[] {
  if (!Array.isArray(received)) throw invalidOption(owner, 'traffic', 'must be an array of phases', received);
  if (received.length === 0) {
    throw invalidOption(owner, 'traffic', 'must hold at least one phase', received, 'range');
  }
  const phases = received.map((phase: unknown, index) =>
    readOptions(`${owner}: traffic[${index}]`, phase ?? null, phaseFields),
  );
  const calls = phases.reduce((sum, { forMs, ratePerSecond }) => sum + (forMs * ratePerSecond) / 1_000, 0);
  if (calls > MOST_CALLS) {
    throw invalidOption(owner, 'traffic', `must be at most ${MOST_CALLS} calls in all`, calls, 'range');
  }
  return phases;
}
