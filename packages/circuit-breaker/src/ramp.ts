export interface RampSteps {
  /** Shares of the traffic, 0 to 1, each for `stepMs`. */
  readonly steps: readonly number[];
  readonly stepMs: number;
}

/** Sums of 0.1 fall a little short of 1. */
const ROUNDING = 1e-9;

/**
 * Brings the traffic back in steps once the probes have succeeded, so that a dependency that has just recovered is not
 * met by everybody at once. Admission is by credit, not by chance: a share of 0.1 admits exactly each tenth call.
 */
export class Ramp {
  readonly #settings: RampSteps;
  readonly #tolerableFailureRate: number;
  readonly #startedAt: number;
  #step = 0;
  #credit = 1;
  #calls = 0;
  #failures = 0;

  constructor(settings: RampSteps, tolerableFailureRate: number, now: number) {
    this.#settings = settings;
    this.#tolerableFailureRate = tolerableFailureRate;
    this.#startedAt = now;
  }

  finished(now: number): boolean {
    return now - this.#startedAt >= this.#settings.stepMs * this.#settings.steps.length;
  }

  admit(now: number): boolean {
    const { steps, stepMs } = this.#settings;
    const step = Math.floor((now - this.#startedAt) / stepMs);
    if (step !== this.#step) this.#enter(step);
    if (this.#credit >= 1 - ROUNDING) {
      this.#credit += (steps[step] ?? 1) - 1;
      return true;
    }
    this.#credit += steps[step] ?? 1;
    return false;
  }

  stepEndsInMs(now: number): number {
    const { stepMs } = this.#settings;
    return stepMs - ((now - this.#startedAt) % stepMs);
  }

  count(succeeded: boolean): void {
    this.#calls++;
    if (!succeeded) this.#failures++;
  }

  /**
   * The first sign of trouble: half the failure rate that would open the closed circuit, from the first call of the step
   * on. Not a single failure: a dependency that always fails one call in a hundred would never get its traffic back.
   */
  get failed(): boolean {
    return this.#failures > 0 && this.#failures / this.#calls >= this.#tolerableFailureRate / 2;
  }

  #enter(step: number): void {
    this.#step = step;
    this.#credit = 1;
    this.#calls = 0;
    this.#failures = 0;
  }
}
