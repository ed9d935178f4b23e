import { setImmediate } from 'node:timers';
import { assertDelay, type Clock, type Timer } from './clock.js';

/** How many timers may fire at one instant before `advance` calls it an endless loop. */
const MOST_TIMERS_AT_ONE_INSTANT = 100_000;

class ManualTimer implements Timer {
  readonly dueAt: number;
  readonly callback: () => void;
  readonly #leave: (timer: ManualTimer) => void;

  constructor(dueAt: number, callback: () => void, leave: (timer: ManualTimer) => void) {
    this.dueAt = dueAt;
    this.callback = callback;
    this.#leave = leave;
  }

  cancel(): void {
    this.#leave(this);
  }

  ref(): void {}

  unref(): void {}
}

/**
 * A clock that stands still until it is told to advance: for tests and simulations.
 *
 * `ref` and `unref` of its timers do nothing, since they hold no process.
 */
export class ManualClock implements Clock {
  #now: number;
  /** Sorted by due time, then by insertion. */
  readonly #timers: ManualTimer[] = [];

  /** @param startMs the first reading, in milliseconds (default 0) */
  constructor(startMs = 0) {
    if (!(startMs >= 0 && startMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`ManualClock: startMs must be a finite number of at least 0, received ${startMs}`);
    }
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  coarseNow(): number {
    return this.#now;
  }

  /** Timers that were set and have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    assertDelay(delayMs);
    const timer = new ManualTimer(this.#now + Math.max(delayMs, 0), callback, this.#remove);
    let index = this.#timers.length;
    while (index > 0 && (this.#timers[index - 1] as ManualTimer).dueAt > timer.dueAt) index -= 1;
    this.#timers.splice(index, 0, timer);
    return timer;
  }

  /**
   * Moves the time forward and fires what is due on the way, in order of due time, then of insertion. While a timer fires,
   * `now()` is the time it was due; timers set by callbacks fire too when they are due within the advance.
   *
   * An error thrown by a callback comes out of `advance`; the clock then stands at that callback's due time.
   * @throws RangeError when `ms` is negative or not finite
   * @throws Error when 100,000 timers fire without the time moving on (a timer that sets itself again with no delay)
   */
  advance(ms: number): void {
    const steps = this.#steps(ms);
    while (!steps.next().done);
  }

  /**
   * The same for code that awaits: after each timer, and once before the first, promises and immediates get a turn, so
   * that a loop of sleeps runs through.
   */
  async advanceAsync(ms: number): Promise<void> {
    const steps = this.#steps(ms);
    do await new Promise<void>((resolve) => setImmediate(resolve));
    while (!steps.next().done);
  }

  *#steps(ms: number): Generator<void, void> {
    if (!Number.isFinite(ms) || ms < 0) {
      throw new RangeError(`ManualClock: advance takes milliseconds of at least 0, received ${ms}`);
    }
    const target = this.#now + ms;
    let firedNow = 0;
    for (let timer = this.#timers[0]; timer !== undefined && timer.dueAt <= target; timer = this.#timers[0]) {
      firedNow = timer.dueAt > this.#now ? 1 : firedNow + 1;
      if (firedNow > MOST_TIMERS_AT_ONE_INSTANT) {
        throw new Error(
          `ManualClock: ${MOST_TIMERS_AT_ONE_INSTANT} timers fired at ${this.#now} ms: an endless loop?`,
        );
      }
      this.#now = Math.max(this.#now, timer.dueAt);
      this.#timers.shift();
      timer.callback();
      yield;
    }
    this.#now = Math.max(this.#now, target);
  }

  readonly #remove = (timer: ManualTimer): void => {
    const index = this.#timers.indexOf(timer);
    if (index !== -1) this.#timers.splice(index, 1);
  };
}
