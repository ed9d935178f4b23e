import type { CircuitBreakerStats, CircuitState } from './types.js';

const summed = [
  'succeeded',
  'failed',
  'ignored',
  'rejected',
  'slow',
  'late',
  'opened',
  'stateChanges',
] as const;

type Sums = Record<(typeof summed)[number], number>;

/** The sums of the breakers' counters, those given up among them; `breakers` and the states are of those kept now. */
export interface CircuitBreakerGroupStats extends Sums {
  breakers: number;
  closed: number;
  open: number;
  halfOpen: number;
  isolated: number;
  created: number;
  evicted: number;
}

const fieldOf = { closed: 'closed', open: 'open', 'half-open': 'halfOpen', isolated: 'isolated' } as const;

export class GroupTally {
  #created = 0;
  #evicted = 0;
  /** Of the breakers that were given up, as they were then: what ended afterwards was nobody's any more. */
  readonly #gone = noSums();

  created(): void {
    this.#created++;
  }

  evicted(stats: CircuitBreakerStats): void {
    this.#evicted++;
    add(this.#gone, stats);
  }

  total(kept: Iterable<CircuitBreakerStats>): CircuitBreakerGroupStats {
    const sums = { ...this.#gone };
    const states: Record<(typeof fieldOf)[CircuitState], number> = {
      closed: 0,
      open: 0,
      halfOpen: 0,
      isolated: 0,
    };
    let breakers = 0;
    for (const stats of kept) {
      add(sums, stats);
      states[fieldOf[stats.state]]++;
      breakers++;
    }
    return { breakers, ...states, created: this.#created, evicted: this.#evicted, ...sums };
  }
}

function noSums(): Sums {
  return Object.fromEntries(summed.map((name) => [name, 0])) as Sums;
}

function add(sums: Sums, stats: CircuitBreakerStats): void {
  for (const name of summed) sums[name] += stats[name];
}
