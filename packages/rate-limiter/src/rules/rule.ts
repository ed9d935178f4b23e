/**
 * How one limit counts. Its state for a key is a row of `width` numbers, all zero for a key that has used nothing; rows of
 * several limits lie side by side. Times are milliseconds since the limiter was made.
 */
export interface Rule {
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly limit: number;
  readonly windowMs: number;
  /** The most that can be used at one moment: `burst` for gcra, else `limit`. */
  readonly capacity: number;
  /** Numbers of state a key. */
  readonly width: number;
  /** Four numbers by which the Redis script knows the rule: kind, capacity and two parameters in microseconds. */
  readonly forScript: readonly [number, number, number, number];
  /** Units that count against the capacity now. Brings the row up to date. */
  used(state: Float64Array, at: number, now: number): number;
  /** Uses units whether they fit or not. */
  take(state: Float64Array, at: number, now: number, units: number): void;
  /** Gives back units that were taken at `takenAt`, as far as they still count. `usedThen`: what was used after taking them. */
  giveBack(
    state: Float64Array,
    at: number,
    now: number,
    units: number,
    takenAt: number,
    usedThen: number,
  ): void;
  /** How long until so much less is used than now that `excess` is gone; the row must be up to date. */
  waitMs(state: Float64Array, at: number, now: number, excess: number): number;
  /** How long until nothing is used any more; 0 when nothing is. The row must be up to date. */
  resetMs(state: Float64Array, at: number, now: number): number;
  /** Adds units that are to be forgotten in `resetMs` (knowledge that comes from elsewhere). */
  place(state: Float64Array, at: number, now: number, units: number, resetMs: number): void;
}

export type Algorithm = 'gcra' | 'strict' | 'fixed';

/**
 * Sums of fractions may be a hair too large: 0.1 ten times. Since costs are counted in whole units or in fractions far larger
 * than this, it admits nothing more.
 */
export const HAIR = 1e-6;

/** What a rule needs to know of itself. */
export interface RuleSettings {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
  readonly subWindows: number;
}

/** How long until `remaining`, a whole number, grows; 0 when all is there. */
export function refillMs(rule: Rule, state: Float64Array, at: number, now: number, used: number): number {
  if (used <= 0) return 0;
  const next = Math.floor(rule.capacity - used + HAIR) + 1;
  const excess = Math.max(next, 1) - (rule.capacity - used);
  return excess >= used ? rule.resetMs(state, at, now) : rule.waitMs(state, at, now, excess);
}

/** In whole milliseconds, up: a wait that is rounded up is never too short. What is a hair more is a sum of fractions. */
export function roundedUp(milliseconds: number): number {
  // Not -0, which would also cost an object a number.
  return Math.max(0, Math.ceil(milliseconds - 1e-9));
}
