import { type Clock, type Field, invalidOption, monotonicClock, option, readOptions } from '@mainstay/core';
import type { FailureJudge } from './failure-judge.js';
import type { OpenTime } from './open-time.js';
import type { CircuitBreakerOptions } from './options.js';
import type { ProbeLimits } from './probes.js';
import type { RampSteps } from './ramp.js';
import type { CircuitBreakerState } from './serialized-state.js';
import type { TripLimits } from './trip-rules.js';

const OWNER = 'CircuitBreaker';

/** The options of one breaker, checked and with all defaults filled in. */
export interface Settings {
  readonly name: string;
  readonly clock: Clock;
  readonly limits: TripLimits;
  readonly window: { readonly ms: number; readonly buckets: number } | { readonly calls: number };
  readonly openTime: OpenTime;
  readonly probeLimits: ProbeLimits;
  readonly ramp: RampSteps | undefined;
  readonly judge: FailureJudge;
}

const judgeFunctions = option.object({
  error: option.func<(error: unknown) => boolean>({ optional: true }),
  result: option.func<(result: unknown) => boolean>({ optional: true }),
});

const NO_JUDGE: FailureJudge = { error: undefined, result: undefined };

const judge: Field<FailureJudge> = {
  read(received, place) {
    if (received === undefined) return NO_JUDGE;
    if (typeof received === 'function') {
      return { error: received as (error: unknown) => boolean, result: undefined };
    }
    if (typeof received === 'object' && received !== null) return judgeFunctions.read(received, place);
    throw invalidOption(place.owner, place.path, 'must be a function or { error, result }', received);
  },
};

const savedFields = {
  state: option.oneOf(['closed', 'open', 'half-open', 'isolated']),
  savedAtEpochMs: option.number(),
  remainingOpenMs: option.number({ min: 0 }),
  openForMs: option.number({ min: 0 }),
  trips: option.integer({ min: 0 }),
  consecutiveFailures: option.integer({ min: 0 }),
  isolations: option.integer({ min: 0 }),
};
const savedGroup = option.object(savedFields);

/** Fields that a later version may have added are passed over: what it has saved must not keep an older one from starting. */
const savedState: Field<CircuitBreakerState | undefined> = {
  read(received, place) {
    if (typeof received !== 'object' || received === null) {
      return received === undefined ? undefined : savedGroup.read(received, place);
    }
    const known = Object.entries(received).filter(([key]) => Object.hasOwn(savedFields, key));
    return savedGroup.read(Object.fromEntries(known), place);
  },
};

/** Anything smaller is zero by another name, and a rate of zero would be reached by every call. */
const SMALLEST_RATE = 0.0001;
const MOST_CALLS = 1_000_000;

const fields = {
  name: option.string(),
  window: option.object({
    ms: option.milliseconds({ min: 1, optional: true }),
    buckets: option.integer({ min: 1, max: 3_600, optional: true }),
    calls: option.integer({ min: 1, max: MOST_CALLS, optional: true }),
  }),
  failureThreshold: option.integer({ min: 1, allowInfinity: true, optional: true }),
  failureRateFloor: option.ratio({ default: 0.5 }),
  failureRateThreshold: option.ratio({ min: SMALLEST_RATE, optional: true }),
  minimumCalls: option.integer({ min: 1, optional: true }),
  consecutiveFailures: option.integer({ min: 1, optional: true }),
  slowCallMs: option.milliseconds({ min: 1, optional: true }),
  slowCallRateThreshold: option.ratio({ min: SMALLEST_RATE, optional: true }),
  openMs: option.milliseconds({ min: 1, default: 5_000 }),
  openBackoff: option.object({
    factor: option.number({ min: 1, max: 1_000, default: 2 }),
    maxMs: option.milliseconds({ min: 1, optional: true }),
    jitterRatio: option.ratio({ default: 0.2 }),
  }),
  halfOpen: option.object({
    probes: option.integer({ min: 1, max: 1_000, default: 3 }),
    successThreshold: option.integer({ min: 1, optional: true }),
    leaseMs: option.milliseconds({ min: 1, default: 60_000 }),
  }),
  ramp: option.object(
    {
      steps: option.array(option.ratio({ min: SMALLEST_RATE }), { optional: true }),
      stepMs: option.milliseconds({ min: 1, default: 5_000 }),
    },
    { optional: true },
  ),
  isFailure: judge,
  initialState: savedState,
  clock: option.custom<Clock>('a clock with now() and coarseNow()', isClock, { default: monotonicClock }),
};

type Checked = ReturnType<typeof readOptions<typeof fields>>;

function isClock(received: unknown): boolean {
  const { now, coarseNow } = (received ?? {}) as Partial<Clock>;
  return typeof now === 'function' && typeof coarseNow === 'function';
}

/** @throws TypeError or RangeError naming the option */
export function readSettings(options: CircuitBreakerOptions): {
  settings: Settings;
  initialState: CircuitBreakerState | undefined;
} {
  const checked = readOptions(OWNER, options, fields);
  const window = windowOf(checked);
  const settings: Settings = {
    name: checked.name,
    clock: checked.clock,
    limits: limitsOf(checked, 'calls' in window ? window.calls : Infinity),
    window,
    openTime: openTimeOf(checked),
    probeLimits: probeLimitsOf(checked),
    ramp: rampOf(checked),
    judge: checked.isFailure,
  };
  return { settings, initialState: checked.initialState };
}

function windowOf({ window: { ms, buckets, calls } }: Checked): Settings['window'] {
  if (calls === undefined) return { ms: ms ?? 30_000, buckets: buckets ?? 10 };
  if (ms !== undefined || buckets !== undefined) {
    throw invalidOption(OWNER, 'window', 'must be { ms, buckets } or { calls }, not both', undefined);
  }
  return { calls };
}

function limitsOf(checked: Checked, windowCalls: number): TripLimits {
  const { failureRateThreshold, consecutiveFailures, slowCallMs, slowCallRateThreshold, minimumCalls } =
    checked;
  if (slowCallRateThreshold !== undefined && slowCallMs === undefined) {
    throw invalidOption(OWNER, 'slowCallRateThreshold', 'needs slowCallMs beside it', slowCallRateThreshold);
  }
  if (minimumCalls !== undefined && failureRateThreshold === undefined && slowCallMs === undefined) {
    throw invalidOption(
      OWNER,
      'minimumCalls',
      'needs failureRateThreshold or slowCallMs beside it',
      minimumCalls,
    );
  }
  // Whoever asks for another rule about failures does not expect this one to be stricter behind its back.
  const replaced = failureRateThreshold !== undefined || consecutiveFailures !== undefined;
  const failureThreshold = checked.failureThreshold ?? (replaced ? Infinity : 5);
  const usesRates = failureRateThreshold !== undefined || slowCallMs !== undefined;
  if (failureThreshold !== Infinity) mustFit('failureThreshold', failureThreshold, windowCalls);
  if (usesRates) mustFit('minimumCalls', minimumCalls ?? 10, windowCalls);
  return {
    failureThreshold,
    failureRateFloor: checked.failureRateFloor,
    failureRateThreshold: failureRateThreshold ?? Infinity,
    minimumCalls: minimumCalls ?? 10,
    consecutiveFailures: consecutiveFailures ?? Infinity,
    slowCallMs: slowCallMs ?? Infinity,
    slowCallRateThreshold: slowCallMs === undefined ? Infinity : (slowCallRateThreshold ?? 0.5),
  };
}

/** A rule that the window can never hold enough calls for would be off without anybody knowing. */
function mustFit(option: string, value: number, windowCalls: number): void {
  if (value > windowCalls) {
    throw invalidOption(OWNER, option, `must be at most window.calls (${windowCalls})`, value, 'range');
  }
}

function openTimeOf({ openMs, openBackoff: { factor, maxMs, jitterRatio } }: Checked): OpenTime {
  if (maxMs !== undefined && maxMs < openMs) {
    throw invalidOption(OWNER, 'openBackoff.maxMs', `must be at least openMs (${openMs})`, maxMs, 'range');
  }
  return { openMs, factor, maxMs: maxMs ?? Math.max(60_000, openMs), jitterRatio };
}

function probeLimitsOf({ halfOpen: { probes, successThreshold, leaseMs } }: Checked): ProbeLimits {
  if (successThreshold !== undefined && successThreshold > probes) {
    const mustBe = `must be at most halfOpen.probes (${probes})`;
    throw invalidOption(OWNER, 'halfOpen.successThreshold', mustBe, successThreshold, 'range');
  }
  return { probes, successThreshold: successThreshold ?? Math.floor(probes / 2) + 1, leaseMs };
}

function rampOf({ ramp }: Checked): RampSteps | undefined {
  if (ramp === undefined) return undefined;
  const steps = ramp.steps ?? [0.1, 0.25, 0.5];
  if (steps.length === 0) {
    throw invalidOption(OWNER, 'ramp.steps', 'must hold at least one share of the traffic', steps, 'range');
  }
  return { steps, stepMs: ramp.stepMs };
}
