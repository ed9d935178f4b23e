import { setImmediate } from 'node:timers';

/**
 * How long a turn of the event loop takes: what everything that is ready has to wait for. Measured by two immediates one after
 * the other, at most one pair on its way, and only when somebody asks: an idle process is left alone.
 */
export class EventLoopDelay {
  #probing = false;
  #turnStartedAt = 0;
  #lastMs = 0;
  #maxMs = 0;

  /** Of the last turn that was measured. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Measures the next whole turn. */
  probe(): void {
    if (this.#probing) return;
    this.#probing = true;
    setImmediate(this.#begin);
  }

  /** The longest since the last call. */
  takeMaxMs(): number {
    const longest = this.#maxMs;
    this.#maxMs = 0;
    return longest;
  }

  readonly #begin = (): void => {
    this.#turnStartedAt = performance.now();
    setImmediate(this.#end);
  };

  readonly #end = (): void => {
    this.#probing = false;
    this.#lastMs = performance.now() - this.#turnStartedAt;
    if (this.#lastMs > this.#maxMs) this.#maxMs = this.#lastMs;
  };
}
