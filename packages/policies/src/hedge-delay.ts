import { Histogram } from '@mainstay/core';

/** Answers looked back on, at most; at least half of it. */
const REMEMBERED = 2_000;
/** Before that many a quantile says little. */
const MINIMUM_ANSWERS = 20;
/** A quantile is looked up anew after that many answers: it takes microseconds. */
const REFRESH_AFTER = 32;

/** When to hedge: after a fixed time, or when the first attempt is slower than most have lately been. */
export class HedgeDelay {
  readonly quantile: number | undefined;
  readonly #fixedMs: number;
  #current = new Histogram();
  #previous: Histogram | undefined;
  #learnedMs: number | undefined;

  /** @param fixedMs with a quantile, until enough answers are known; Infinity for no hedge until then */
  constructor(fixedMs: number, quantile: number | undefined) {
    this.#fixedMs = fixedMs;
    this.quantile = quantile;
  }

  get delayMs(): number {
    return this.#learnedMs ?? this.#fixedMs;
  }

  /** How long a first attempt took, or, where a hedge overtook it, had taken by then. */
  record(durationMs: number): void {
    if (this.quantile === undefined) return;
    this.#current.record(Math.max(0, durationMs));
    const { count } = this.#current;
    const known = count + (this.#previous?.count ?? 0);
    if (known < MINIMUM_ANSWERS || count % REFRESH_AFTER !== MINIMUM_ANSWERS % REFRESH_AFTER) return;
    this.#learnedMs = this.#lookUp(this.quantile);
    if (count >= REMEMBERED / 2) {
      this.#previous = this.#current;
      this.#current = new Histogram();
    }
  }

  #lookUp(quantile: number): number {
    if (this.#previous === undefined) return this.#current.quantile(quantile);
    const all = new Histogram();
    all.merge(this.#previous);
    all.merge(this.#current);
    return all.quantile(quantile);
  }
}
