import type { CallWindow } from './call-window.js';

const FAILED = 1;
const SLOW = 2;

/** The last `capacity` completed calls, however long ago they were: one byte a call. */
export class CountWindow implements CallWindow {
  #calls = 0;
  #failures = 0;
  #slowCalls = 0;
  #next = 0;
  readonly #ring: Uint8Array;

  constructor(capacity: number) {
    this.#ring = new Uint8Array(capacity);
  }

  record(_now: number, failed: boolean, slow: boolean): void {
    const ring = this.#ring;
    if (this.#calls === ring.length) this.#forget(ring[this.#next] ?? 0);
    else this.#calls++;
    ring[this.#next] = (failed ? FAILED : 0) | (slow ? SLOW : 0);
    this.#next = this.#next + 1 === ring.length ? 0 : this.#next + 1;
    if (failed) this.#failures++;
    if (slow) this.#slowCalls++;
  }

  calls(): number {
    return this.#calls;
  }

  failures(): number {
    return this.#failures;
  }

  slowCalls(): number {
    return this.#slowCalls;
  }

  reset(): void {
    this.#calls = 0;
    this.#failures = 0;
    this.#slowCalls = 0;
    this.#next = 0;
  }

  #forget(oldest: number): void {
    if (oldest & FAILED) this.#failures--;
    if (oldest & SLOW) this.#slowCalls--;
  }
}
