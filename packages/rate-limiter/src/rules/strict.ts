import { HAIR, type Rule, type RuleSettings } from './rule.js';

/**
 * At most `limit` units in ANY window of `windowMs`, whatever the client does.
 *
 * The window is cut into sub-windows, and the one that the window's tail lies in counts whole. Proof: a window touches at most
 * `subWindows + 1` of them, and when its last unit was admitted, all of those were counted. The price: a unit is given back up to
 * one sub-window late, so a client that is always greedy gets `n / (n + 1)` of the limit or a little more.
 *
 * A key's row: the number of the newest sub-window, and a ring of `subWindows + 1` counts.
 */
export class Strict implements Rule {
  readonly algorithm = 'strict';
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly capacity: number;
  readonly width: number;
  readonly forScript: readonly [number, number, number, number];
  readonly #ring: number;
  /** In whole microseconds, so that the number of a sub-window is exact; together at least a microsecond more than the window. */
  readonly #subWindowMicros: number;

  constructor({ name, limit, windowMs, subWindows }: RuleSettings) {
    this.name = name;
    this.limit = limit;
    this.windowMs = windowMs;
    this.capacity = limit;
    this.width = subWindows + 2;
    this.#ring = subWindows + 1;
    this.#subWindowMicros = Math.floor((windowMs * 1_000) / subWindows) + 1;
    this.forScript = [2, limit, subWindows, this.#subWindowMicros];
  }

  used(state: Float64Array, at: number, now: number): number {
    this.#advance(state, at, now);
    let sum = 0;
    for (let index = at + 1; index <= at + this.#ring; index += 1) sum += state[index] as number;
    return sum;
  }

  take(state: Float64Array, at: number, now: number, units: number): void {
    this.#add(state, at, this.#advance(state, at, now), units);
  }

  /** Exact for as long as the sub-window counts: what was not used was not admitted. */
  giveBack(state: Float64Array, at: number, now: number, units: number, takenAt: number): void {
    const newest = this.#advance(state, at, now);
    const taken = this.#numberOf(takenAt);
    if (newest - taken >= this.#ring) return;
    const index = at + 1 + (taken % this.#ring);
    state[index] = Math.max(0, (state[index] as number) - units);
  }

  waitMs(state: Float64Array, at: number, now: number, excess: number): number {
    const newest = state[at] as number;
    let remaining = excess;
    for (let subWindow = Math.max(0, newest - this.#ring + 1); subWindow <= newest; subWindow += 1) {
      remaining -= state[at + 1 + (subWindow % this.#ring)] as number;
      if (remaining <= HAIR) return this.#leavesIn(subWindow, now);
    }
    return this.#leavesIn(newest, now);
  }

  resetMs(state: Float64Array, at: number, now: number): number {
    const newest = state[at] as number;
    for (let subWindow = newest; subWindow > newest - this.#ring && subWindow >= 0; subWindow -= 1) {
      if ((state[at + 1 + (subWindow % this.#ring)] as number) > 0) return this.#leavesIn(subWindow, now);
    }
    return 0;
  }

  place(state: Float64Array, at: number, now: number, units: number, resetMs: number): void {
    const newest = this.#advance(state, at, now);
    const leaves = Math.ceil(((now + resetMs) * 1_000) / this.#subWindowMicros);
    this.#add(state, at, Math.min(newest, Math.max(leaves - this.#ring, newest - this.#ring + 1, 0)), units);
  }

  #numberOf(time: number): number {
    // The thousandth of a microsecond keeps a time that was computed from the end of a sub-window at that end.
    return Math.floor(Math.floor(time * 1_000 + 1e-3) / this.#subWindowMicros);
  }

  #leavesIn(subWindow: number, now: number): number {
    return ((subWindow + this.#ring) * this.#subWindowMicros) / 1_000 - now;
  }

  #add(state: Float64Array, at: number, subWindow: number, units: number): void {
    const index = at + 1 + (subWindow % this.#ring);
    state[index] = (state[index] as number) + units;
  }

  /** Empties the sub-windows that begin anew, and returns the number of the newest. */
  #advance(state: Float64Array, at: number, now: number): number {
    const current = this.#numberOf(now);
    const newest = state[at] as number;
    if (current <= newest) return newest;
    if (current - newest >= this.#ring) state.fill(0, at + 1, at + 1 + this.#ring);
    else {
      for (let subWindow = newest + 1; subWindow <= current; subWindow += 1) {
        state[at + 1 + (subWindow % this.#ring)] = 0;
      }
    }
    state[at] = current;
    return current;
  }
}
