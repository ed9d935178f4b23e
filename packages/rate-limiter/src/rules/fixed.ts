import { HAIR, type Rule, type RuleSettings } from './rule.js';

/**
 * A counter that begins with a key's first unit and is forgotten `windowMs` later.
 *
 * Bound: `2 x limit` in any window of `windowMs`, since the end of one and the beginning of the next may lie side by side.
 * A key's row: when the window began, and the count.
 */
export class Fixed implements Rule {
  readonly algorithm = 'fixed';
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly capacity: number;
  readonly width = 2;
  readonly forScript: readonly [number, number, number, number];

  constructor({ name, limit, windowMs }: RuleSettings) {
    this.name = name;
    this.limit = limit;
    this.windowMs = windowMs;
    this.capacity = limit;
    this.forScript = [3, limit, windowMs * 1_000, 0];
  }

  used(state: Float64Array, at: number, now: number): number {
    const left = (state[at] as number) + this.windowMs - now;
    if (left <= HAIR && (state[at + 1] as number) > 0) state[at + 1] = 0;
    return state[at + 1] as number;
  }

  take(state: Float64Array, at: number, now: number, units: number): void {
    if (this.used(state, at, now) === 0) state[at] = now;
    state[at + 1] = (state[at + 1] as number) + units;
  }

  giveBack(state: Float64Array, at: number, now: number, units: number, takenAt: number): void {
    const used = this.used(state, at, now);
    if (takenAt >= (state[at] as number)) state[at + 1] = Math.max(0, used - units);
  }

  waitMs(state: Float64Array, at: number, now: number): number {
    return this.resetMs(state, at, now);
  }

  resetMs(state: Float64Array, at: number, now: number): number {
    return (state[at + 1] as number) > 0 ? (state[at] as number) + this.windowMs - now : 0;
  }

  place(state: Float64Array, at: number, now: number, units: number, resetMs: number): void {
    if (units <= 0) return;
    if (this.used(state, at, now) === 0) state[at] = now + resetMs - this.windowMs;
    state[at + 1] = (state[at + 1] as number) + units;
  }
}
