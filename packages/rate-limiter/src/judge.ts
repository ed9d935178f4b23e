import type { Decision, PolicyState } from './decision.js';
import { Gcra } from './rules/gcra.js';
import { HAIR, type Rule, refillMs, roundedUp } from './rules/rule.js';

/**
 * Decides by rows of state: all limits or none. `weight`: as how many units one counts (the share of one process among several).
 */
export class Judge {
  readonly rules: readonly Rule[];
  /** Numbers of state a key, all limits together. */
  readonly width: number;
  readonly #first: Rule;
  /** The one limit where it is the default: it decides by itself, which is what most decisions are. */
  readonly #gcra: Gcra | undefined;

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
    this.width = rules.reduce((sum, rule) => sum + rule.width, 0);
    this.#first = rules[0] as Rule;
    this.#gcra = rules.length === 1 && this.#first instanceof Gcra ? this.#first : undefined;
  }

  /** Whether the time of the running turn of the event loop will do (see {@link Gcra}). */
  get toleratesCoarseTime(): boolean {
    return this.#gcra !== undefined;
  }

  decide(state: Float64Array, at: number, now: number, cost: number): Decision {
    if (this.#gcra !== undefined) return this.#gcra.decide(state, at, now, cost);
    if (this.rules.length > 1) return this.decideWeighted(state, at, now, cost, 1, false);
    const rule = this.#first;
    const used = rule.used(state, at, now);
    const after = used + cost;
    const allowed = cost <= rule.capacity - used + HAIR || cost === 0;
    if (allowed && cost > 0) rule.take(state, at, now, cost);
    const level = allowed ? after : used;
    const remaining = Math.floor(rule.capacity - level + HAIR);
    return {
      allowed,
      limit: rule.limit,
      remaining: Math.max(remaining, 0),
      retryAfterMs: allowed ? 0 : waitFor(rule, state, at, now, after, cost),
      resetMs: roundedUp(rule.resetMs(state, at, now)),
      refillMs: roundedUp(refillMs(rule, state, at, now, level)),
      degraded: false,
      reason: allowed ? undefined : 'limit',
      policy: rule.name,
      policies: undefined,
    };
  }

  /** The same for any number of limits, and for a process that counts as several. */
  decideWeighted(
    state: Float64Array,
    at: number,
    now: number,
    cost: number,
    weight: number,
    degraded: boolean,
  ): Decision {
    const units = cost * weight;
    let binding = -1;
    let retryAfterMs = 0;
    let offset = at;
    this.rules.forEach((rule, index) => {
      const after = rule.used(state, offset, now) + units;
      const fits = cost <= rule.capacity + HAIR;
      // A share of less than one unit is one unit, followed by the wait that it takes to earn it.
      const excess = after - (fits ? Math.max(rule.capacity, units) : rule.capacity);
      if (excess > HAIR && cost > 0) {
        const wait = fits ? rule.waitMs(state, offset, now, excess) : Number.POSITIVE_INFINITY;
        if (binding === -1 || wait > retryAfterMs) {
          retryAfterMs = wait;
          binding = index;
        }
      }
      offset += rule.width;
    });
    const allowed = binding === -1;
    if (allowed && units > 0) this.take(state, at, now, units);
    const policies = this.policies(state, at, now, weight);
    return decisionOf(policies, allowed ? scarcest(policies) : binding, allowed, retryAfterMs, degraded);
  }

  take(state: Float64Array, at: number, now: number, units: number): void {
    let offset = at;
    for (const rule of this.rules) {
      rule.take(state, offset, now, units);
      offset += rule.width;
    }
  }

  policies(state: Float64Array, at: number, now: number, weight: number): PolicyState[] {
    let offset = at;
    return this.rules.map((rule) => {
      const used = rule.used(state, offset, now);
      const remaining = Math.floor((rule.capacity - used + HAIR) / weight);
      const one = {
        policy: rule.name,
        limit: rule.limit,
        remaining: Math.max(0, remaining),
        resetMs: roundedUp(rule.resetMs(state, offset, now)),
        refillMs: roundedUp(refillMs(rule, state, offset, now, used)),
      };
      offset += rule.width;
      return one;
    });
  }

  /** Units used under each limit. */
  used(state: Float64Array, at: number, now: number): number[] {
    let offset = at;
    return this.rules.map((rule) => {
      const used = rule.used(state, offset, now);
      offset += rule.width;
      return used;
    });
  }

  /** Corrects what a reservation took by the difference to what it really cost. */
  correct(
    state: Float64Array,
    at: number,
    now: number,
    difference: number,
    takenAt: number,
    usedThen: readonly number[],
  ): void {
    let offset = at;
    this.rules.forEach((rule, index) => {
      if (difference > 0) rule.take(state, offset, now, difference);
      else rule.giveBack(state, offset, now, -difference, takenAt, usedThen[index] ?? 0);
      offset += rule.width;
    });
  }

  /** Whether a cost can never fit under all limits. */
  isImpossible(cost: number): boolean {
    return this.rules.some(({ capacity }) => cost > capacity + HAIR);
  }

  /** How long until the cost fits under all limits; Infinity when it never will. */
  waitMs(state: Float64Array, at: number, now: number, cost: number): number {
    let offset = at;
    let longest = 0;
    for (const rule of this.rules) {
      const after = rule.used(state, offset, now) + cost;
      if (after > rule.capacity + HAIR)
        longest = Math.max(longest, waitFor(rule, state, offset, now, after, cost));
      offset += rule.width;
    }
    return longest;
  }

  /** Whether the row is as good as a new one. */
  isBlank(state: Float64Array, at: number, now: number): boolean {
    let offset = at;
    for (const rule of this.rules) {
      if (rule.used(state, offset, now) > 0) return false;
      offset += rule.width;
    }
    return true;
  }
}

function waitFor(
  rule: Rule,
  state: Float64Array,
  at: number,
  now: number,
  after: number,
  cost: number,
): number {
  if (cost > rule.capacity + HAIR) return Number.POSITIVE_INFINITY;
  return roundedUp(rule.waitMs(state, at, now, after - rule.capacity));
}

/** The limit that allows least; at a tie the one that takes longest to refill. */
export function scarcest(policies: readonly PolicyState[]): number {
  let best = 0;
  for (let index = 1; index < policies.length; index += 1) {
    const one = policies[index] as PolicyState;
    const other = policies[best] as PolicyState;
    if (
      one.remaining < other.remaining ||
      (one.remaining === other.remaining && one.refillMs > other.refillMs)
    )
      best = index;
  }
  return best;
}

/** A decision in the words of the limit that binds. */
export function decisionOf(
  policies: readonly PolicyState[],
  binding: number,
  allowed: boolean,
  retryAfterMs: number,
  degraded: boolean,
): Decision {
  const { policy, limit, remaining, resetMs, refillMs: refill } = policies[binding] as PolicyState;
  return {
    allowed,
    limit,
    remaining,
    retryAfterMs: allowed ? 0 : roundedUp(retryAfterMs),
    resetMs,
    refillMs: refill,
    degraded,
    reason: allowed ? undefined : 'limit',
    policy,
    policies: policies.length > 1 ? policies : undefined,
  };
}
