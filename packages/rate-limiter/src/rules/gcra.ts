import type { Decision } from '../decision.js';
import { HAIR, type Rule, type RuleSettings, roundedUp } from './rule.js';

/**
 * The generic cell rate algorithm (ITU-T I.371; a leaky bucket as a meter) in one number a key: the theoretical arrival time,
 * counted in units instead of milliseconds, so that adding a whole cost to it is exact for as long as the process lives.
 *
 * Bound: at most `burst + limit` units in any window of `windowMs`, and no more than `burst + limit x t / windowMs` in any
 * time t.
 *
 * In memory the time is that of the running turn of the event loop (read anew after 16 decisions in one turn). A decision may
 * thus count as made up to a turn earlier than it was, so that by the wall the bound is `burst + limit x (t + turn) / windowMs`:
 * with 100 a minute and a turn of 10 ms a sixtieth of a unit more. Windows have no such slack: `strict` and `fixed` read the clock.
 */
export class Gcra implements Rule {
  readonly algorithm = 'gcra';
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly capacity: number;
  readonly width = 1;
  readonly forScript: readonly [number, number, number, number];
  /** Units a millisecond. */
  readonly #rate: number;
  readonly #msAUnit: number;

  constructor({ name, limit, windowMs, burst }: RuleSettings) {
    this.name = name;
    this.limit = limit;
    this.windowMs = windowMs;
    this.capacity = burst;
    this.#rate = limit / windowMs;
    this.#msAUnit = windowMs / limit;
    this.forScript = [1, burst, limit / (windowMs * 1_000), 0];
  }

  /** What the judge does with any limit, in one go: the number is looked at once, and nothing is called that is another's too. */
  decide(state: Float64Array, at: number, now: number, cost: number): Decision {
    const { capacity } = this;
    const floor = now * this.#rate;
    const arrival = Math.max(state[at] as number, floor);
    const before = arrival - floor;
    const allowed = cost <= capacity - before + HAIR || cost === 0;
    if (allowed && cost > 0) state[at] = arrival + cost;
    const level = allowed ? before + cost : before;
    const left = capacity - level;
    const remaining = Math.max(Math.floor(left + HAIR), 0);
    return {
      allowed,
      limit: this.limit,
      remaining,
      retryAfterMs: allowed ? 0 : this.#retryAfterMs(before + cost - capacity, cost),
      resetMs: roundedUp(level * this.#msAUnit),
      refillMs: roundedUp(Math.min(level, remaining + 1 - left) * this.#msAUnit),
      degraded: false,
      reason: allowed ? undefined : 'limit',
      policy: this.name,
      policies: undefined,
    };
  }

  #retryAfterMs(excess: number, cost: number): number {
    return cost > this.capacity + HAIR ? Number.POSITIVE_INFINITY : roundedUp(excess * this.#msAUnit);
  }

  used(state: Float64Array, at: number, now: number): number {
    const level = (state[at] as number) - now * this.#rate;
    return Math.max(level, 0);
  }

  take(state: Float64Array, at: number, now: number, units: number): void {
    const floor = now * this.#rate;
    const arrival = state[at] as number;
    state[at] = Math.max(arrival, floor) + units;
  }

  /**
   * Units that were refilled meanwhile cannot be given back: the bucket without them could have been full for a part of that
   * time. What surely is left of them is at least what would be if nothing else had come.
   */
  giveBack(
    state: Float64Array,
    at: number,
    now: number,
    units: number,
    takenAt: number,
    usedThen: number,
  ): void {
    const left = Math.max(0, usedThen - (now - takenAt) * this.#rate);
    state[at] = (state[at] as number) - Math.min(units, left, this.used(state, at, now));
  }

  waitMs(_state: Float64Array, _at: number, _now: number, excess: number): number {
    return excess / this.#rate;
  }

  resetMs(state: Float64Array, at: number, now: number): number {
    return this.used(state, at, now) / this.#rate;
  }

  place(state: Float64Array, at: number, now: number, units: number): void {
    this.take(state, at, now, units);
  }
}
