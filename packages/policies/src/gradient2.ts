/** Settings of {@link Gradient2}. */
export interface Gradient2Settings {
  readonly minLimit: number;
  readonly maxLimit: number;
  readonly initialLimit: number;
  /** How much slower than usual answers may be before the limit shrinks, 1 or more. */
  readonly tolerance: number;
}

/** What was seen since the limit was last looked at. */
export interface ConcurrencySample {
  /** Mean duration of the calls that succeeded, in milliseconds; undefined when none did. */
  readonly rttMs: number | undefined;
  /** The most calls that ran at the same time. */
  readonly maxRunning: number;
  /** Whether the dependency said, or showed, that it has too much to do. */
  readonly overloaded: boolean;
  /** 1 while the event loop is on time, less the later it is: how much of the limit this process can serve. */
  readonly loopFactor: number;
}

/** How much of a new value enters the limit. */
const SMOOTHING = 0.2;
/** Over how many samples the usual duration is averaged, and after how many the average is an exponential one. */
const LONG_WINDOW = 600;
const WARM_UP = 10;
/** One sample never takes more than half (before smoothing). */
const STEEPEST = 0.5;
/** What an overloaded dependency takes, as with AIMD. */
const OVERLOAD_FACTOR = 0.9;
/** Once answers are this many times faster than usual, what is usual follows more quickly. */
const MUCH_FASTER = 2;
const CATCH_UP = 0.95;
/** How many more calls may queue at the dependency, so that there is something to learn from, in any case. */
const LEAST_HEADROOM = 4;

/**
 * How many calls a dependency can take, learned from how long they last (Gradient2 of Netflix' concurrency-limits): the limit
 * follows the ratio of what is usual to what is current, plus some headroom. It grows only while it is used.
 */
export class Gradient2 {
  readonly #settings: Gradient2Settings;
  #limit: number;
  #usualMs = 0;
  #samples = 0;

  constructor(settings: Gradient2Settings) {
    this.#settings = settings;
    this.#limit = settings.initialLimit;
  }

  /** A whole number. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** The usual duration in milliseconds; 0 while nothing is known. */
  get usualMs(): number {
    return this.#usualMs;
  }

  update({ rttMs, maxRunning, overloaded, loopFactor }: ConcurrencySample): void {
    const { minLimit, maxLimit } = this.#settings;
    let factor = Math.max(STEEPEST, Math.min(rttMs === undefined ? 1 : this.#gradient(rttMs), loopFactor));
    if (overloaded) factor = Math.min(factor, OVERLOAD_FACTOR);
    const shrinks = overloaded || loopFactor < 1;
    // With few calls, how long they take says nothing about how many there could be.
    if (!shrinks && (rttMs === undefined || maxRunning < this.#limit / 2)) return;
    const headroom = shrinks ? 0 : Math.max(LEAST_HEADROOM, Math.sqrt(this.#limit));
    const next = this.#limit * factor + headroom;
    this.#limit = clamp(minLimit, maxLimit, this.#limit * (1 - SMOOTHING) + next * SMOOTHING);
  }

  #gradient(rttMs: number): number {
    this.#remember(rttMs);
    // Durations below what the clock can tell would make anything of nothing.
    if (rttMs <= 0) return 1;
    return Math.min(1, (this.#settings.tolerance * this.#usualMs) / rttMs);
  }

  #remember(rttMs: number): void {
    this.#samples += 1;
    const share = this.#samples <= WARM_UP ? 1 / this.#samples : 2 / (LONG_WINDOW + 1);
    this.#usualMs += (rttMs - this.#usualMs) * share;
    if (rttMs > 0 && this.#usualMs / rttMs > MUCH_FASTER) this.#usualMs *= CATCH_UP;
  }
}

function clamp(min: number, max: number, value: number): number {
  return Math.min(max, Math.max(min, value));
}
