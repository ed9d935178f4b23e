import { invalidOption, ManualClock, option, readOptions } from '@mainstay/core';
import { CircuitBreaker } from './circuit-breaker.js';
import { optionFields } from './option-fields.js';
import type { CircuitBreakerOptions } from './options.js';
import type { Permit } from './permit.js';
import { PreparedOptions } from './prepared-options.js';
import { seededRandom } from './seeded-random.js';
import { settingsOf } from './settings.js';
import { type SimulationChange, type SimulationStep, SimulationTimeline } from './simulation-timeline.js';
import { type CheckedPhase, readProfile, type TrafficPhase } from './traffic-profile.js';

const OWNER = 'simulate';
const MOST_STEPS = 100_000;

export interface SimulationOptions {
  /** How much time a line of the timeline covers. Default 1,000. */
  stepMs?: number | undefined;
  /** The same seed gives the same timeline, and to different options the same traffic. Default 1. */
  seed?: number | undefined;
}

const simulationFields = {
  stepMs: option.milliseconds({ min: 1, default: 1_000 }),
  seed: option.integer({ default: 1 }),
};

/**
 * What a breaker with these options would do under this traffic, and what its callers would see: to choose options before
 * production chooses them. It is the breaker itself that runs, on a clock of its own and with seeded randomness, in
 * milliseconds of real time: nothing is called, nothing is awaited.
 *
 * Callers who would wait for a probe (`halfOpen.waiting`) count as turned away. `isFailure` is not asked: the profile says what fails.
 * @param options as for the breaker, `name` not needed; `clock` and `initialState` are passed over
 * @param traffic phase by phase; a call that is under way at the end counts as what it would have come to
 * @throws TypeError or RangeError naming what is wrong
 */
export function simulate(
  options: Partial<CircuitBreakerOptions> | undefined,
  traffic: readonly TrafficPhase[],
  simulation?: SimulationOptions,
): SimulationTimeline {
  const { stepMs, seed } = readOptions(OWNER, simulation, simulationFields);
  const phases = readProfile(OWNER, traffic);
  mustBeReadable(phases, stepMs);
  const clock = new ManualClock();
  const checked = readOptions(OWNER, withClock(options, clock), optionFields);
  // The jitter has numbers of its own, so that two settings under one seed meet the same traffic.
  const settings = { ...settingsOf(OWNER, checked), random: seededRandom(~seed) };
  const breaker = new CircuitBreaker(new PreparedOptions(checked.name, settings));
  return new Simulation(breaker, clock, stepMs, seededRandom(seed)).run(phases);
}

function withClock(options: unknown, clock: ManualClock): unknown {
  if (typeof options !== 'object' || options === null)
    return options === undefined ? { name: OWNER, clock } : options;
  return { name: OWNER, ...options, initialState: undefined, clock };
}

function mustBeReadable(phases: readonly CheckedPhase[], stepMs: number): void {
  const steps = phases.reduce((sum, { forMs }) => sum + forMs, 0) / stepMs;
  if (steps <= MOST_STEPS) return;
  throw invalidOption(OWNER, 'stepMs', `must leave at most ${MOST_STEPS} steps`, stepMs, 'range');
}

interface Tally extends SimulationStep {
  latencyMs: number;
}

class Simulation {
  readonly #breaker: CircuitBreaker;
  readonly #clock: ManualClock;
  readonly #stepMs: number;
  readonly #random: () => number;
  readonly #steps: Tally[] = [];
  readonly #changes: SimulationChange[] = [];

  constructor(breaker: CircuitBreaker, clock: ManualClock, stepMs: number, random: () => number) {
    this.#breaker = breaker;
    this.#clock = clock;
    this.#stepMs = stepMs;
    this.#random = random;
    breaker.on('stateChange', ({ from, to, reason }) => {
      this.#changes.push({ atMs: clock.now(), from, to, reason });
    });
  }

  run(phases: readonly CheckedPhase[]): SimulationTimeline {
    let startsAt = 0;
    for (const phase of phases) {
      this.#play(phase, startsAt, startsAt + phase.forMs);
      startsAt += phase.forMs;
    }
    // The end of the last step is the beginning of one that is not asked for.
    const steps = this.#steps.slice(0, Math.ceil(startsAt / this.#stepMs));
    return new SimulationTimeline(steps.map(withMean), this.#changes, this.#totals());
  }

  /** Calls come at random, as those of many independent users do: the gaps between them are exponential. */
  #play(phase: CheckedPhase, startsAt: number, endsAt: number): void {
    const meanGapMs = 1_000 / phase.ratePerSecond;
    const next = (at: number): number => at - Math.log(1 - this.#random()) * meanGapMs;
    // With a rate of 0 the gap is endless, or no number.
    for (let at = next(startsAt); at < endsAt; at = next(at)) {
      this.#moveTo(at);
      this.#call(phase);
    }
    this.#moveTo(endsAt);
  }

  #call({ failureRate, latencyMs, failureLatencyMs = latencyMs }: CheckedPhase): void {
    const step = this.#step();
    // Drawn for those turned away too: what happens to the others does not depend on it.
    const fails = this.#random() < failureRate;
    const permit = this.#breaker.tryAcquire();
    if (permit === undefined) step.rejected++;
    else this.#make(permit, fails, fails ? failureLatencyMs : latencyMs, step);
  }

  #make(permit: Permit, fails: boolean, latencyMs: number, step: Tally): void {
    if (fails) step.failed++;
    else step.served++;
    step.latencyMs += latencyMs;
    step.maxLatencyMs = Math.max(step.maxLatencyMs, latencyMs);
    const end = (): void => (fails ? permit.failure() : permit.success());
    if (latencyMs === 0) end();
    else this.#clock.setTimer(end, latencyMs);
  }

  /** Notes the state at the end of each step on the way. */
  #moveTo(at: number): void {
    for (let step = this.#step(); step.atMs + this.#stepMs <= at; step = this.#step()) {
      this.#clock.advance(step.atMs + this.#stepMs - this.#clock.now());
      step.state = this.#breaker.state;
    }
    this.#clock.advance(Math.max(0, at - this.#clock.now()));
    this.#step().state = this.#breaker.state;
  }

  #step(): Tally {
    const index = Math.floor(this.#clock.now() / this.#stepMs);
    const known = this.#steps[index];
    if (known !== undefined) return known;
    const numbers = { served: 0, failed: 0, rejected: 0, meanLatencyMs: 0, maxLatencyMs: 0, latencyMs: 0 };
    const step: Tally = { atMs: index * this.#stepMs, state: this.#breaker.state, ...numbers };
    this.#steps[index] = step;
    return step;
  }

  #totals() {
    const totals = { calls: 0, served: 0, failed: 0, rejected: 0, latencyMs: 0 };
    for (const { served, failed, rejected, latencyMs } of this.#steps) {
      totals.calls += served + failed + rejected;
      totals.served += served;
      totals.failed += failed;
      totals.rejected += rejected;
      totals.latencyMs += latencyMs;
    }
    return { ...totals, opened: this.#breaker.stats().opened };
  }
}

function withMean({ latencyMs, ...step }: Tally): SimulationStep {
  const calls = step.served + step.failed + step.rejected;
  return { ...step, meanLatencyMs: calls === 0 ? 0 : latencyMs / calls };
}
