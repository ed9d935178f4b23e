// Percentiles of the last minute or two, in constant memory: two histograms that take turns.
import { type Clock, Histogram } from '@mainstay/core';

const turnMs = 60_000;

export class RecentLatency {
  readonly #clock: Clock;
  #current = new Histogram();
  #previous = new Histogram();
  #turnEndsAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turnEndsAt = clock.now() + turnMs;
  }

  record(durationMs: number): void {
    this.#rotate();
    this.#current.record(durationMs);
  }

  /** Null where nothing was measured lately. */
  summary(): { p50Ms: number | null; p95Ms: number | null; calls: number } {
    this.#rotate();
    const recent = new Histogram();
    recent.merge(this.#previous);
    recent.merge(this.#current);
    if (recent.count === 0) return { p50Ms: null, p95Ms: null, calls: 0 };
    const round = (value: number) => Math.round(value * 10) / 10;
    return { p50Ms: round(recent.quantile(0.5)), p95Ms: round(recent.quantile(0.95)), calls: recent.count };
  }

  #rotate(): void {
    const late = this.#clock.now() - this.#turnEndsAt;
    if (late < 0) return;
    // Nobody called for a whole turn: what was current is too old as well.
    this.#previous = late < turnMs ? this.#current : new Histogram();
    this.#current = new Histogram();
    this.#turnEndsAt = this.#clock.now() + turnMs;
  }
}
