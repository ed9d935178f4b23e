import {
  type Clock,
  type Field,
  invalidOption,
  monotonicClock,
  option,
  type ReadOptions,
} from '@mainstay/core';
import type { FailureJudge } from './failure-judge.js';
import type { CircuitBreakerState } from './serialized-state.js';

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

export const optionFields = {
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
    waiting: option.object(
      {
        maxQueued: option.integer({ min: 1, max: 100_000, default: 100 }),
        timeoutMs: option.milliseconds({ min: 1, default: 1_000 }),
      },
      { optional: true },
    ),
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

export type CheckedOptions = ReadOptions<typeof optionFields>;

function isClock(received: unknown): boolean {
  const { now, coarseNow } = (received ?? {}) as Partial<Clock>;
  return typeof now === 'function' && typeof coarseNow === 'function';
}
