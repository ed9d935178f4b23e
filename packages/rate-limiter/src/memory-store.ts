import type { Clock } from '@mainstay/core';
import type { Decision } from './decision.js';
import type { Judge } from './judge.js';
import { FULL, KeyTable } from './key-table.js';
import type { Ledger } from './ledger.js';
import { Overflow } from './overflow.js';
import type { OpenStore, RateLimitStore, Reserved, StoreContext, StoreStats, Ticket } from './store.js';

/** Keeps keys in this process: 8 bytes of state a key for `gcra`, no timer, at most `maxKeys` of the limiter. The default. */
export function memoryStore(): RateLimitStore {
  return { open: (context) => new MemoryStore(context) };
}

/** So many decisions share one reading of the clock at most, so that time goes on in a turn that does not end. */
const DECISIONS_A_READING = 16;

export class MemoryStore implements OpenStore {
  readonly #judge: Judge;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #table: KeyTable;
  readonly #overflow: Overflow;
  /** Times are counted from here: small numbers are exact numbers. */
  readonly #origin: number;
  readonly #coarse: boolean;
  #reading = 0;
  #readings = 0;
  #overflowed = 0;

  constructor(context: StoreContext) {
    const { judge, ledger, clock, maxKeys } = context;
    this.#judge = judge;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#origin = clock.now();
    this.#coarse = judge.toleratesCoarseTime;
    this.#table = new KeyTable(judge.width, maxKeys, (at, now) => judge.isBlank(this.#table.state, at, now));
    this.#overflow = new Overflow(judge.width, (state, at, now) => judge.isBlank(state, at, now));
  }

  consume(key: string, cost: number): Decision {
    return this.#consume(key, this.#now(), cost);
  }

  reserve(key: string, cost: number): Reserved {
    // Read once: a second reading may lie in the next sub-window, and what is given back there was used by others.
    const takenAt = this.#now();
    const decision = this.#consume(key, takenAt, cost);
    if (!decision.allowed) return { decision, ticket: undefined };
    const [state, at] = this.#row(key);
    const usedThen = this.#judge.used(state, at, takenAt);
    return { decision, ticket: { key, cost, takenAt, usedThen, local: false } };
  }

  settle({ key, cost, takenAt, usedThen }: Ticket, actual: number): void {
    const now = this.#now();
    // A key that lost its place had nothing left to give back; what it owes begins a new row.
    if (this.#table.find(key) === undefined && actual > cost) this.#enter(key, now);
    const [state, at] = this.#row(key);
    this.#judge.correct(state, at, now, actual - cost, takenAt, usedThen);
  }

  stats(): StoreStats {
    return {
      store: 'memory',
      keys: this.#table.size,
      evictions: this.#table.evictions,
      overflowed: this.#overflowed,
      ...{ storeErrors: 0, storeTimeouts: 0, storeSkipped: 0, roundTrips: 0 },
      ...{ coalesced: 0, leased: 0, remembered: 0, merged: 0 },
    };
  }

  close(): void {
    this.#table.clear();
  }

  #now(): number {
    if (!this.#coarse) return this.#clock.now() - this.#origin;
    this.#readings = (this.#readings + 1) % DECISIONS_A_READING;
    if (this.#readings === 0) this.#reading = this.#clock.now();
    // Of the turn's reading and our own, the later.
    return Math.max(this.#reading, this.#clock.coarseNow()) - this.#origin;
  }

  #consume(key: string, now: number, cost: number): Decision {
    const at = this.#table.find(key) ?? this.#enter(key, now);
    if (at === FULL) return this.#shared(key, now, cost);
    return this.#ledger.count(key, this.#judge.decide(this.#table.state, at, now, cost));
  }

  #enter(key: string, now: number): number {
    const at = this.#table.claim(key, now);
    if (at !== FULL) this.#overflow.moveInto(key, this.#table.state, at, now);
    return at;
  }

  #row(key: string): [Float64Array, number] {
    const at = this.#table.find(key);
    return at === undefined ? [this.#overflow.state, this.#overflow.place(key)] : [this.#table.state, at];
  }

  #shared(key: string, now: number, cost: number): Decision {
    this.#overflowed += 1;
    return this.#ledger.count(
      key,
      this.#judge.decide(this.#overflow.state, this.#overflow.place(key), now, cost),
    );
  }
}
