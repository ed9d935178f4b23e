import { type Clock, invalidOption, readOptions } from '@mainstay/core';
import type { FailureJudge } from './failure-judge.js';
import type { OpenTime } from './open-time.js';
import { type CheckedOptions, optionFields } from './option-fields.js';
import type { ProbeLimits } from './probes.js';
import type { RampSteps } from './ramp.js';
import type { TripLimits } from './trip-rules.js';
import type { WaitingLimits } from './waiting-line.js';

const chance = (): number => Math.random();

/** The options of one breaker, checked and with all defaults filled in. */
export interface Settings {
  readonly clock: Clock;
  readonly limits: TripLimits;
  readonly window: { readonly ms: number; readonly buckets: number } | { readonly calls: number };
  readonly openTime: OpenTime;
  readonly probeLimits: ProbeLimits;
  readonly waiting: WaitingLimits | undefined;
  readonly ramp: RampSteps | undefined;
  readonly judge: FailureJudge;
  /** Whether calls are timed: only where slow ones are looked for. */
  readonly timesCalls: boolean;
  /** Of the jitter, 0 to below 1. */
  readonly random: () => number;
}

type Asked = Omit<CheckedOptions, 'initialState'> & { readonly owner: string };

/**
 * @param owner whose options they are, for messages
 * @throws TypeError or RangeError naming the option
 */
export function settingsOf(owner: string, checkedOptions: Omit<Asked, 'owner'>): Settings {
  const checked = { ...checkedOptions, owner };
  const window = windowOf(checked);
  return {
    clock: checked.clock,
    window,
    limits: limitsOf(checked, 'calls' in window ? window.calls : Infinity),
    openTime: openTimeOf(checked),
    probeLimits: probeLimitsOf(checked),
    waiting: waitingOf(checked),
    ramp: rampOf(checked),
    judge: checked.isFailure,
    timesCalls: checked.slowCallMs !== undefined,
    random: chance,
  };
}

/** Breakers with default settings share one copy of them: their own would be half of what a breaker weighs. */
export function withSharedParts(own: Settings): Settings {
  const settings = {
    ...own,
    window: shared(own.window, defaults.window),
    limits: shared(own.limits, defaults.limits),
    openTime: shared(own.openTime, defaults.openTime),
    probeLimits: shared(own.probeLimits, defaults.probeLimits),
  };
  return shared(settings, defaults);
}

function shared<Part extends object>(own: Part, common: Part): Part {
  const entries = Object.entries(common) as [keyof Part, unknown][];
  return entries.every(([key, value]) => Object.is(own[key], value)) ? common : own;
}

function windowOf({ owner, window: { ms, buckets, calls } }: Asked): Settings['window'] {
  if (calls === undefined) return { ms: ms ?? 30_000, buckets: buckets ?? 10 };
  if (ms !== undefined || buckets !== undefined) {
    throw invalidOption(owner, 'window', 'must be { ms, buckets } or { calls }, not both', undefined);
  }
  return { calls };
}

function limitsOf(checked: Asked, windowCalls: number): TripLimits {
  const {
    owner,
    failureRateThreshold,
    consecutiveFailures,
    slowCallMs,
    slowCallRateThreshold,
    minimumCalls,
  } = checked;
  if (slowCallRateThreshold !== undefined && slowCallMs === undefined) {
    throw invalidOption(owner, 'slowCallRateThreshold', 'needs slowCallMs beside it', slowCallRateThreshold);
  }
  if (minimumCalls !== undefined && failureRateThreshold === undefined && slowCallMs === undefined) {
    throw invalidOption(
      owner,
      'minimumCalls',
      'needs failureRateThreshold or slowCallMs beside it',
      minimumCalls,
    );
  }
  // Whoever asks for another rule about failures does not expect this one to be stricter behind its back.
  const replaced = failureRateThreshold !== undefined || consecutiveFailures !== undefined;
  const failureThreshold = checked.failureThreshold ?? (replaced ? Infinity : 5);
  const usesRates = failureRateThreshold !== undefined || slowCallMs !== undefined;
  if (failureThreshold !== Infinity) mustFit(owner, 'failureThreshold', failureThreshold, windowCalls);
  if (usesRates) mustFit(owner, 'minimumCalls', minimumCalls ?? 10, windowCalls);
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
function mustFit(owner: string, option: string, value: number, windowCalls: number): void {
  if (value > windowCalls) {
    throw invalidOption(owner, option, `must be at most window.calls (${windowCalls})`, value, 'range');
  }
}

function openTimeOf({ owner, openMs, openBackoff: { factor, maxMs, jitterRatio } }: Asked): OpenTime {
  if (maxMs !== undefined && maxMs < openMs) {
    throw invalidOption(owner, 'openBackoff.maxMs', `must be at least openMs (${openMs})`, maxMs, 'range');
  }
  return { openMs, factor, maxMs: maxMs ?? Math.max(60_000, openMs), jitterRatio };
}

function probeLimitsOf({ owner, halfOpen: { probes, successThreshold, leaseMs } }: Asked): ProbeLimits {
  if (successThreshold !== undefined && successThreshold > probes) {
    const mustBe = `must be at most halfOpen.probes (${probes})`;
    throw invalidOption(owner, 'halfOpen.successThreshold', mustBe, successThreshold, 'range');
  }
  return { probes, successThreshold: successThreshold ?? Math.floor(probes / 2) + 1, leaseMs };
}

/** Asked of the clock only here: no other breaker sets a deadline. */
function waitingOf({ owner, halfOpen: { waiting }, clock }: Asked): WaitingLimits | undefined {
  if (waiting !== undefined && typeof clock.setTimer !== 'function') {
    throw invalidOption(owner, 'clock', 'must have setTimer() beside halfOpen.waiting', clock);
  }
  return waiting;
}

function rampOf({ owner, ramp }: Asked): RampSteps | undefined {
  if (ramp === undefined) return undefined;
  const steps = ramp.steps ?? [0.1, 0.25, 0.5];
  if (steps.length === 0) {
    throw invalidOption(owner, 'ramp.steps', 'must hold at least one share of the traffic', steps, 'range');
  }
  return { steps, stepMs: ramp.stepMs };
}

const defaults = settingsOf('default', readOptions('default', { name: 'default' }, optionFields));
