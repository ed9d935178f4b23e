import { setImmediate } from 'node:timers';

/** A one-shot timer made by {@link Clock.setTimer}. All methods are idempotent and do nothing once it has fired. */
export interface Timer {
  cancel(): void;
  /** Keeps the process alive until the timer fires (the state it starts in). */
  ref(): void;
  /** Lets the process end although the timer is still pending. */
  unref(): void;
}

/** Where time comes from: {@link monotonicClock} in production, a `ManualClock` in tests and simulations. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary moment, zero or more, with fractions. */
  now(): number;
  /** The same, read at most once within one event-loop turn: older than `now()` by at most the running turn. */
  coarseNow(): number;
  /**
   * Calls back once, never early, and never synchronously. A delay of zero or less means the next turn.
   * @throws RangeError when the delay is NaN or infinite
   */
  setTimer(callback: () => void, delayMs: number): Timer;
}

/** The longest delay that Node's setTimeout keeps; it turns longer ones into 1 ms. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

export function assertDelay(delayMs: number): void {
  if (!Number.isFinite(delayMs)) throw new RangeError(`delayMs must be a finite number, received ${delayMs}`);
}

class SystemTimer implements Timer {
  #callback: (() => void) | undefined;
  #handle: NodeJS.Timeout;
  #referenced = true;
  readonly #dueAt: number;

  constructor(callback: () => void, delayMs: number) {
    this.#callback = callback;
    this.#dueAt = performance.now() + delayMs;
    this.#handle = this.#start(delayMs);
  }

  cancel(): void {
    this.#callback = undefined;
    clearTimeout(this.#handle);
  }

  ref(): void {
    this.#referenced = true;
    this.#handle.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#handle.unref();
  }

  #start(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#wake(), Math.ceil(Math.min(Math.max(delayMs, 0), LONGEST_TIMEOUT_MS)));
  }

  /** Node counts from the loop's cached time, so it may call up to a millisecond early; and long delays come in parts. */
  #wake(): void {
    const remaining = this.#dueAt - performance.now();
    if (remaining > 0) {
      this.#handle = this.#start(remaining);
      if (!this.#referenced) this.#handle.unref();
      return;
    }
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }
}

class MonotonicClock implements Clock {
  #reading = 0;
  #fresh = false;
  readonly #expire = (): void => {
    this.#fresh = false;
  };

  now(): number {
    return performance.now();
  }

  coarseNow(): number {
    if (this.#fresh) return this.#reading;
    this.#reading = performance.now();
    this.#fresh = true;
    // Referenced on purpose: with an unreferenced one the loop may sleep in poll while the reading counts as fresh, and
    // the I/O callback that ends the sleep would read the time from before it. It holds the process for one turn only.
    setImmediate(this.#expire);
    return this.#reading;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    assertDelay(delayMs);
    return new SystemTimer(callback, delayMs);
  }
}

/** The process's monotonic clock (`performance.now()` and `setTimeout`). Nothing is scheduled while nobody reads. */
export const monotonicClock: Clock = new MonotonicClock();
