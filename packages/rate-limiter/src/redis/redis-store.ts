import type { Decision } from '../decision.js';
import type { OpenStore, Reserved, StoreContext, StoreStats, Ticket } from '../store.js';
import { type Batch, Batches, runsOf } from './batches.js';
import { KeyMemory } from './key-memory.js';
import { readDecisions } from './read-decisions.js';
import type { RedisClient } from './redis-client.js';
import { RedisGuard, UNAVAILABLE } from './redis-guard.js';
import { script } from './script.js';
import type { RedisStoreSettings } from './settings.js';
import { tellAll } from './tell-all.js';
import {
  type Answer,
  decideRequest,
  type Merge,
  type Request,
  type RulesText,
  readAnswer,
  rulesText,
  runScript,
  settleRequest,
} from './wire.js';

/** Keeps keys in Redis, and in this process what is needed to go on without it. */
export class RedisStore implements OpenStore {
  readonly #client: RedisClient;
  readonly #settings: RedisStoreSettings;
  readonly #context: StoreContext;
  readonly #guard: RedisGuard;
  readonly #memory: KeyMemory;
  readonly #batches: Batches<Decision>;
  readonly #rules: RulesText;
  readonly #leaseMs: number;
  /** Times are counted from here, so that what was used before this process began is not before time began. */
  readonly #origin: number;
  readonly #counters = { overflowed: 0, roundTrips: 0, coalesced: 0, leased: 0, remembered: 0, merged: 0 };
  /** Grows whenever Redis may have forgotten, or missed, what this process knows. */
  #epoch = 1;
  #merging = false;
  #closed = false;

  constructor(client: RedisClient, settings: RedisStoreSettings, context: StoreContext) {
    const { judge, clock, name, maxKeys, instances, ledger } = context;
    this.#client = client;
    this.#settings = settings;
    this.#context = context;
    this.#rules = rulesText(judge.rules);
    const windows = judge.rules.map(({ windowMs }) => windowMs);
    this.#leaseMs = Math.min(settings.leaseMs, Math.min(...windows) / 10);
    this.#origin = clock.now() - 2 * Math.max(...windows);
    this.#memory = new KeyMemory(judge, maxKeys, instances);
    this.#batches = new Batches((batch) => this.#decide(batch));
    this.#guard = new RedisGuard(name, client, settings.timeoutMs, clock, {
      away: (error) => ledger.storeAway(error),
      up: () => {
        this.#epoch += 1;
        ledger.storeUp();
        void this.#mergeAll();
      },
    });
  }

  consume(key: string, cost: number): Decision | Promise<Decision> {
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
    if (this.#settings.coalesce) return this.#batches.add(key, cost);
    return new Promise((resolve) => this.#decide({ key, costs: [cost], resolves: [resolve] }));
  }

  async reserve(key: string, cost: number): Promise<Reserved> {
    const answer = await this.#ask(key, [cost, 1], 0, true);
    const { judge, onStoreFailure } = this.#context;
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
    const answer = await this.#guard.attempt(
      () => this.#run(key, () => settleRequest(this.#rules, difference, takenAt, usedThen)),
      (reply) => readAnswer(reply, 0, this.#context.judge.rules),
    );
    const at = this.#memory.place(key, this.#now());
    if (at === undefined) return;
    this.#memory.forgetDenial(at);
    // A surcharge is kept for when Redis is back; a refund that cannot be made stays with the house.
    if (answer !== UNAVAILABLE) this.#memory.learn(at, this.#now(), answer.usage, this.#epoch);
    else if (difference > 0) this.#memory.correctLocally(key, now, difference, 0, []);
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
    };
  }

  close(): void {
    this.#closed = true;
    this.#guard.close();
    this.#memory.table.clear();
  }

  #now(): number {
    return this.#context.clock.now() - this.#origin;
  }

  #count(key: string, decision: Decision): Decision {
    return this.#context.ledger.count(key, decision);
  }

  async #decide({ key, costs, resolves }: Batch<Decision>): Promise<void> {
    const runs = runsOf(costs);
    this.#counters.coalesced += costs.length - 1;
    const answer = await this.#ask(key, runs, this.#lease(key));
    const decisions =
      answer === undefined ? undefined : readDecisions(this.#context.judge.rules, answer, runs);
    resolves.forEach((resolve, index) => {
      const decision = decisions?.[index] ?? this.#without(key, costs[index] as number);
      resolve(this.#count(key, decision));
    });
  }

  #lease(key: string): number {
    const { leaseSize, timeoutMs } = this.#settings;
    if (leaseSize === 0) return 0;
    const now = this.#now();
    const at = this.#memory.place(key, now);
    return at !== undefined && this.#memory.wantsLease(at, now, this.#leaseMs, timeoutMs) ? leaseSize : 0;
  }

  /** Sends a script that decides, and remembers what it answered. Undefined when Redis is away. */
  async #ask(
    key: string,
    runs: readonly number[],
    lease: number,
    timed = false,
  ): Promise<Answer | undefined> {
    let sentEpoch = 0;
    let owed: readonly Merge[] | undefined;
    const { rules } = this.#context.judge;
    const request = (): Request => {
      this.#counters.roundTrips += 1;
      // Sent again with what was to be told the first time, and more if Redis turned out to have forgotten.
      owed = this.#owed(key) ?? owed;
      sentEpoch = this.#epoch;
      return decideRequest(this.#rules, runs, lease, owed, timed);
    };
    const reply = await this.#guard.attempt(
      () => this.#run(key, request),
      (answer) => readAnswer(answer, runs.length / 2, rules),
    );
    const now = this.#now();
    const at = this.#memory.place(key, now);
    if (reply === UNAVAILABLE) {
      if (sentEpoch === 0)
        this.#guard.skipped += runs.reduce((sum, number, index) => sum + (index % 2) * number, 0);
      if (at !== undefined) this.#memory.setEpoch(at, 0);
      return undefined;
    }
    if (at !== undefined) {
      this.#memory.learn(at, now, reply.usage, sentEpoch);
      this.#memory.addLease(at, now, reply.lease, this.#leaseMs);
      reply.runs.forEach((run, index) => {
        const [cost, count] = [runs[2 * index] as number, runs[2 * index + 1] as number];
        if (run.admitted < count) this.#memory.rememberDenial(at, now, cost, run.waitMs, run.binding);
      });
    }
    return reply;
  }

  /** What Redis has to be told of the key with the next script. It counts as told when it is sent; a failure takes that back. */
  #owed(key: string) {
    const at = this.#memory.table.find(key);
    if (at === undefined || this.#memory.isSynced(at, this.#epoch)) return undefined;
    const merges = this.#memory.merges(at, this.#now());
    this.#memory.setEpoch(at, this.#epoch);
    if (merges !== undefined) this.#counters.merged += 1;
    return merges;
  }

  #run(key: string, request: () => Request): Promise<unknown> {
    const sentEpoch = this.#epoch;
    const name = `${this.#settings.prefix}${this.#context.name}:${key}`;
    return runScript(this.#client, script, name, request, () => {
      // A Redis that does not know the script was restarted, perhaps without its data.
      if (this.#epoch !== sentEpoch) return;
      this.#epoch += 1;
      // After the request that found out has been sent again: it tells of its own key.
      setImmediate(() => void this.#mergeAll());
    });
  }

  /** Tells a Redis that came back what was used without it, and what it may have lost. */
  async #mergeAll(): Promise<void> {
    if (this.#merging) return;
    this.#merging = true;
    await tellAll(this.#memory.table.entries(), {
      goOn: () => !this.#closed && this.#guard.up,
      owes: (at) =>
        !this.#memory.isSynced(at, this.#epoch) && this.#memory.merges(at, this.#now()) !== undefined,
      tell: (key) => this.#ask(key, [], 0),
    });
    this.#merging = false;
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
