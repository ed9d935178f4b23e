import type { Decision } from './decision.js';
import { FULL, KeyTable } from './key-table.js';
import { Overflow } from './overflow.js';
import type { OpenStore, RateLimitStore, Reserved, StoreContext, StoreStats, Ticket } from './store.js';

/** Keeps keys in this process: 8 bytes of state a key for `gcra`, no timer, at most `maxKeys` of the limiter. The default. */
export function memoryStore(): RateLimitStore {
  return { open: (context) => new MemoryStore(context) };
}

export class MemoryStore implements OpenStore {
  readonly #context: StoreContext;
  readonly #table: KeyTable;
  readonly #overflow: Overflow;
  /** Times are counted from here: small numbers are exact numbers. */
  readonly #origin: number;
  #overflowed = 0;

  constructor(context: StoreContext) {
    const { judge, clock, maxKeys } = context;
    this.#context = context;
    this.#origin = clock.now();
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
    const usedThen = this.#context.judge.used(state, at, takenAt);
    return { decision, ticket: { key, cost, takenAt, usedThen, local: false } };
  }

  settle({ key, cost, takenAt, usedThen }: Ticket, actual: number): void {
    const now = this.#now();
    // A key that lost its place had nothing left to give back; what it owes begins a new row.
    if (this.#table.find(key) === undefined && actual > cost) this.#enter(key, now);
    const [state, at] = this.#row(key);
    this.#context.judge.correct(state, at, now, actual - cost, takenAt, usedThen);
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
    return this.#context.clock.now() - this.#origin;
  }

  #consume(key: string, now: number, cost: number): Decision {
    const { judge, ledger } = this.#context;
    const at = this.#table.find(key) ?? this.#enter(key, now);
    if (at === FULL) return this.#shared(key, now, cost);
    return ledger.count(key, judge.decide(this.#table.state, at, now, cost));
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
    const { judge, ledger } = this.#context;
    this.#overflowed += 1;
    return ledger.count(key, judge.decide(this.#overflow.state, this.#overflow.place(key), now, cost));
  }
}
