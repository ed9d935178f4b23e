import type { HealthStatus } from './check.js';

/** Keeps one slow answer from turning a service red, and one lucky one from turning it green again. */
export class Hysteresis {
  readonly #failureThreshold: number;
  readonly #successThreshold: number;
  #status: HealthStatus | undefined;
  #failures = 0;
  #successes = 0;

  constructor(failureThreshold: number, successThreshold: number) {
    this.#failureThreshold = failureThreshold;
    this.#successThreshold = successThreshold;
  }

  /** Undefined before the first run. */
  get status(): HealthStatus | undefined {
    return this.#status;
  }

  get consecutiveFailures(): number {
    return this.#failures;
  }

  /** Counts what a run said and gives what is to be shown. */
  next(observed: HealthStatus): HealthStatus {
    this.#status = observed === 'down' ? this.#afterFailure() : this.#afterSuccess(observed);
    return this.#status;
  }

  #afterFailure(): HealthStatus {
    this.#failures += 1;
    this.#successes = 0;
    // Nothing is known before the first run, so there is nothing to hold on to.
    if (this.#status === undefined || this.#failures >= this.#failureThreshold) return 'down';
    return this.#status;
  }

  #afterSuccess(observed: HealthStatus): HealthStatus {
    this.#failures = 0;
    this.#successes += 1;
    if (this.#status === 'down' && this.#successes < this.#successThreshold) return 'down';
    return observed;
  }
}
