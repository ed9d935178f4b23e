import type { Decision } from '../decision.js';
import type { OpenStore, Reserved, StoreContext, StoreStats, Ticket } from '../store.js';
import { Arrival } from './arrival.js';
import { type Batch, Batches, runsOf } from './batches.js';
import { Exchange } from './exchange.js';
import { KeyMemory } from './key-memory.js';
import { readDecisions } from './read-decisions.js';
import type { RedisClient } from './redis-client.js';
import { RedisGuard } from './redis-guard.js';
import type { RedisStoreSettings } from './settings.js';
import type { Answer } from './wire.js';

/** ioredis tries to connect again every two seconds at the latest; then every process has told what it used. */
const SETTLE_MS = 3_000;

/** Keeps keys in Redis, and in this process what is needed to go on without it. */
export class RedisStore implements OpenStore {
  readonly #settings: RedisStoreSettings;
  readonly #context: StoreContext;
  readonly #guard: RedisGuard;
  readonly #arrival: Arrival;
  readonly #memory: KeyMemory;
  readonly #exchange: Exchange;
  readonly #batches: Batches<Decision>;
  readonly #leaseMs: number;
  /** Times are counted from here, so that what was used before this process began is not before time began. */
  readonly #origin: number;
  readonly #counters = { overflowed: 0, coalesced: 0, leased: 0, remembered: 0 };

  constructor(client: RedisClient, settings: RedisStoreSettings, context: StoreContext) {
    const { judge, clock, name, maxKeys, instances, ledger } = context;
    const { timeoutMs, leaseMs, prefix } = settings;
    this.#settings = settings;
    this.#context = context;
    const windows = judge.rules.map(({ windowMs }) => windowMs);
    this.#leaseMs = Math.min(leaseMs, Math.min(...windows) / 10);
    this.#origin = clock.now() - 2 * Math.max(...windows);
    this.#memory = new KeyMemory(judge, maxKeys, instances);
    this.#batches = new Batches((batch) => this.#decide(batch));
    this.#arrival = new Arrival(client, timeoutMs, clock);
    this.#guard = new RedisGuard(name, client, timeoutMs, clock, {
      away: (error) => ledger.storeAway(error),
      up: () => {
        this.#exchange.resume();
        ledger.storeUp();
      },
    });
    this.#exchange = new Exchange({
      client,
      guard: this.#guard,
      memory: this.#memory,
      context,
      prefix: `${prefix}${escaped(name)}:`,
      leaseMs: this.#leaseMs,
      settleMs: Math.min(SETTLE_MS, Math.max(...windows)),
      now: () => this.#now(),
    });
  }

  consume(key: string, cost: number): Decision | Promise<Decision> {
    const connecting = this.#arrival.waiting;
    if (connecting !== undefined) return connecting.then(() => this.consume(key, cost));
    const now = this.#now();
    const at = this.#memory.table.find(key);
    if (at !== undefined) {
      const denied = this.#memory.denial(at, now, cost);
      if (denied !== undefined) {
        this.#counters.remembered += 1;
        return this.#count(key, denied);
      }
      const leased = this.#memory.fromLease(at, now, cost);
      if (leased !== undefined) {
        this.#counters.leased += 1;
        return this.#count(key, leased);
      }
    }
    if (!this.#guard.available()) {
      this.#guard.skipped += 1;
      return this.#count(key, this.#without(key, cost));
    }
    if (this.#exchange.settling(now)) {
      const share = this.#shareOf(key, now, cost);
      if (share !== undefined) return this.#count(key, share);
    }
    if (this.#settings.coalesce) return this.#batches.add(key, cost);
    return new Promise((resolve) => this.#decide({ key, costs: [cost], resolves: [resolve] }));
  }

  async reserve(key: string, cost: number): Promise<Reserved> {
    await this.#arrival.waiting;
    const { judge, onStoreFailure } = this.#context;
    if (this.#exchange.settling(this.#now()) && this.#guard.available()) {
      const share = this.#shareOf(key, this.#now(), cost);
      if (share !== undefined) return { decision: this.#count(key, share), ticket: undefined };
    }
    const answer = await new Promise<Answer | undefined>((done) => {
      this.#exchange.ask({ key, runs: [cost, 1], lease: 0, timed: true, done });
    });
    if (answer === undefined) {
      const decision = this.#count(key, this.#without(key, cost));
      if (!decision.allowed || onStoreFailure !== 'local') return { decision, ticket: undefined };
      const takenAt = this.#now();
      const usedThen = this.#memory.localUsage(key, takenAt);
      return { decision, ticket: { key, cost, takenAt, usedThen, local: true } };
    }
    const decision = this.#count(key, readDecisions(judge.rules, answer, [cost, 1])[0] as Decision);
    if (!decision.allowed) return { decision, ticket: undefined };
    const usedThen = answer.usage.map(({ used }) => used);
    return { decision, ticket: { key, cost, takenAt: answer.nowMicros, usedThen, local: false } };
  }

  async settle({ key, cost, takenAt, usedThen, local }: Ticket, actual: number): Promise<void> {
    const difference = actual - cost;
    const now = this.#now();
    if (local) {
      this.#memory.correctLocally(key, now, difference, takenAt, usedThen);
      return;
    }
    const answer = await this.#exchange.settle(key, difference, takenAt, usedThen);
    const at = this.#memory.place(key, this.#now());
    if (at === undefined) return;
    this.#memory.forgetDenial(at);
    // A surcharge is kept for when Redis is back; a refund that cannot be made stays with the house.
    if (answer !== undefined) {
      const now = this.#now();
      this.#memory.learn(at, now, answer.usage, this.#exchange.epoch, this.#exchange.settling(now));
    } else if (difference > 0) this.#memory.correctLocally(key, now, difference, 0, []);
  }

  stats(): StoreStats {
    const { table } = this.#memory;
    return {
      store: this.#guard.up ? 'up' : 'away',
      keys: table.size,
      evictions: table.evictions,
      storeErrors: this.#guard.errors,
      storeTimeouts: this.#guard.timeouts,
      storeSkipped: this.#guard.skipped,
      ...this.#counters,
      ...this.#exchange.counters,
    };
  }

  close(): void {
    this.#exchange.close();
    this.#arrival.close();
    this.#guard.close();
    this.#memory.table.clear();
  }

  #now(): number {
    return this.#context.clock.now() - this.#origin;
  }

  #count(key: string, decision: Decision): Decision {
    return this.#context.ledger.count(key, decision);
  }

  #decide({ key, costs, resolves }: Batch<Decision>): void {
    const runs = runsOf(costs);
    this.#counters.coalesced += costs.length - 1;
    const done = (answer: Answer | undefined): void => {
      const { rules } = this.#context.judge;
      const decisions = answer === undefined ? undefined : readDecisions(rules, answer, runs);
      for (const [index, resolve] of resolves.entries()) {
        const decision = decisions?.[index] ?? this.#without(key, costs[index] as number);
        resolve(this.#count(key, decision));
      }
    };
    this.#exchange.ask({ key, runs, lease: this.#lease(key), timed: false, done });
  }

  /** While Redis settles: undefined where the key's share in this process has room, and then it has taken it. */
  #shareOf(key: string, now: number, cost: number): Decision | undefined {
    if (this.#context.onStoreFailure !== 'local') return undefined;
    const decision = this.#memory.takeShare(key, now, cost);
    return decision.allowed ? undefined : decision;
  }

  #lease(key: string): number {
    const { leaseSize, timeoutMs } = this.#settings;
    if (leaseSize === 0) return 0;
    const now = this.#now();
    const at = this.#memory.place(key, now);
    return at !== undefined && this.#memory.wantsLease(at, now, this.#leaseMs, timeoutMs) ? leaseSize : 0;
  }

  /** The decision while Redis is away. */
  #without(key: string, cost: number): Decision {
    const now = this.#now();
    const { onStoreFailure } = this.#context;
    if (onStoreFailure === 'local') return this.#memory.decideLocally(key, now, cost);
    const allowed = onStoreFailure === 'allow';
    return this.#memory.undecided(key, now, allowed, allowed ? 0 : this.#guard.retryAfterMs);
  }
}

/** Where the name ends and the key begins must be plain: clients choose keys. */
function escaped(name: string): string {
  return name.replace(/[%:]/g, (character) => (character === ':' ? '%3A' : '%25'));
}
