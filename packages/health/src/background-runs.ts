import { type Clock, type Deadline, deadlinesOf } from '@mainstay/core';
import type { CheckRunner } from './check-runner.js';

/** Runs are spread, so that checks, and instances started together, do not ask at the same moment. */
const jitterRatio = 0.1;

/** Runs checks again and again, without keeping the process alive for it. */
export class BackgroundRuns {
  readonly #clock: Clock;
  /** What runs now has no deadline yet. */
  readonly #next = new Map<CheckRunner, Deadline | undefined>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs it now, and then every `intervalMs`. */
  start(runner: CheckRunner): void {
    this.#next.set(runner, undefined);
    void runner.run(false).then(() => this.#schedule(runner));
  }

  stop(runner: CheckRunner): void {
    this.#next.get(runner)?.cancel();
    this.#next.delete(runner);
  }

  #schedule(runner: CheckRunner): void {
    if (!this.#next.has(runner)) return;
    const spread = 1 - jitterRatio + 2 * jitterRatio * Math.random();
    const again = () => this.start(runner);
    const delayMs = runner.settings.intervalMs * spread;
    this.#next.set(runner, deadlinesOf(this.#clock).add(delayMs, again, { keepAlive: false }));
  }
}
