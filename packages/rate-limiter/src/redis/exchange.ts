import type { StoreContext } from '../store.js';
import type { Errand } from './journey.js';
import type { KeyMemory } from './key-memory.js';
import type { RedisClient } from './redis-client.js';
import type { RedisGuard } from './redis-guard.js';
import { script } from './script.js';
import { tellAll } from './tell-all.js';
import {
  type Answer,
  decideRequest,
  knowsNoScript,
  type Merge,
  type Request,
  readAnswer,
  rulesText,
  settleRequest,
} from './wire.js';

/** What is asked about one key. */
export interface Question {
  readonly key: string;
  /** Pairs of cost and count; none where Redis is only told. */
  readonly runs: readonly number[];
  readonly lease: number;
  /** Whether Redis' time is needed. */
  readonly timed: boolean;
  /** Undefined when Redis is away. */
  readonly done: (answer: Answer | undefined) => void;
}

export interface ExchangeParts {
  readonly client: RedisClient;
  readonly guard: RedisGuard;
  readonly memory: KeyMemory;
  readonly context: StoreContext;
  /** What the keys in Redis begin with. */
  readonly prefix: string;
  readonly leaseMs: number;
  /** How long after an outage local use goes on to be counted, see {@link Exchange.settling}. */
  readonly settleMs: number;
  readonly now: () => number;
}

/** Refunds that wait for Redis. Beyond that, units that were not used stay taken. */
const MOST_REFUNDS = 1_000;

interface Refund {
  readonly key: string;
  readonly request: Request;
}

/** What goes to Redis and comes back: questions, with what Redis has to be told, and answers, which are remembered. */
export class Exchange {
  readonly counters = { roundTrips: 0, merged: 0 };
  readonly parts: ExchangeParts;
  readonly #rules;
  /** Grows whenever Redis may have forgotten, or missed, what this process knows. */
  #epoch = 1;
  #settlingUntil = Number.NEGATIVE_INFINITY;
  #merging = false;
  #refunds: Refund[] = [];
  #closed = false;

  constructor(parts: ExchangeParts) {
    this.parts = parts;
    this.#rules = rulesText(parts.context.judge.rules);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Whether other processes may not have told Redis yet what they used without it. It is asked again, but nobody takes more than his own
   * share: else the first that is back would get what the others have used.
   */
  settling(now: number): boolean {
    return now < this.#settlingUntil;
  }

  /** Redis is back. */
  resume(): void {
    this.#settlingUntil = this.parts.now() + this.parts.settleMs;
    this.forgotten();
    void this.mergeAll();
  }

  /** Redis has, perhaps, forgotten everything. */
  forgotten(): void {
    this.#epoch += 1;
  }

  ask(question: Question): void {
    this.parts.guard.run(new Asking(this, question));
  }

  /** Corrects a reservation. Undefined when Redis is away; a refund is then made when it is back. */
  settle(key: string, difference: number, takenAt: number, usedThen: readonly number[]) {
    const request = settleRequest(this.#rules, difference, takenAt, usedThen);
    return this.#settle({ key, request }, difference < 0);
  }

  #settle({ key, request }: Refund, later: boolean): Promise<Answer | undefined> {
    const { guard, context } = this.parts;
    return new Promise<Answer | undefined>((done) => {
      const sentEpoch = this.#epoch;
      let sent = false;
      guard.run({
        send: () => {
          sent = true;
          return this.send(key, request);
        },
        answered: (reply) => done(readAnswer(reply, [], context.judge.rules)),
        unavailable: () => {
          // One that was sent may have been done: done twice, it would give back what others used.
          if (later && !sent && this.#refunds.length < MOST_REFUNDS) this.#refunds.push({ key, request });
          done(undefined);
        },
        retry: (error) => this.retry(error, sentEpoch, key, () => request),
      });
    });
  }

  send(key: string, request: Request): Promise<unknown> {
    return this.parts.client.evalsha(script.sha1, 1, this.parts.prefix + key, ...request);
  }

  request({ runs, lease, timed }: Question, owed: readonly Merge[] | undefined): Request {
    this.counters.roundTrips += 1;
    return decideRequest(this.#rules, runs, lease, owed, timed);
  }

  /** EVAL where Redis does not know the script. Such a Redis was restarted, perhaps without its data. */
  retry(error: unknown, sentEpoch: number, key: string, request: () => Request) {
    if (!knowsNoScript(error)) return undefined;
    if (this.#epoch === sentEpoch) {
      this.forgotten();
      // After the request that found out has been sent again: it tells of its own key.
      setImmediate(() => void this.mergeAll());
    }
    return this.parts.client.eval(script.text, 1, this.parts.prefix + key, ...request());
  }

  /** What Redis has to be told of the key with the next script. It counts as told when it is sent; a failure takes that back. */
  owed(key: string): readonly Merge[] | undefined {
    const { memory, now } = this.parts;
    const at = memory.table.find(key);
    if (at === undefined || memory.isSynced(at, this.#epoch)) return undefined;
    const merges = memory.merges(at, now());
    memory.setEpoch(at, this.#epoch);
    if (merges !== undefined) this.counters.merged += 1;
    return merges;
  }

  /** Tells a Redis that came back what was used without it, and what it may have lost. */
  async mergeAll(): Promise<void> {
    if (this.#merging) return;
    this.#merging = true;
    const { memory, guard, now } = this.parts;
    await tellAll(memory.table.entries(), {
      goOn: () => !this.#closed && guard.up,
      owes: (at) => !memory.isSynced(at, this.#epoch) && memory.merges(at, now()) !== undefined,
      tell: (key) => new Promise((done) => this.ask({ key, runs: [], lease: 0, timed: false, done })),
    });
    const refunds = this.#refunds;
    this.#refunds = [];
    // After everything else was told: a Redis that forgot has to know of the units before it can give them back.
    await Promise.all(refunds.map((refund) => this.#settle(refund, true)));
    this.#merging = false;
  }

  close(): void {
    this.#closed = true;
  }
}

/** A question on its way. */
class Asking implements Errand {
  readonly #exchange: Exchange;
  readonly #question: Question;
  #sentEpoch = 0;
  #owed: readonly Merge[] | undefined;

  constructor(exchange: Exchange, question: Question) {
    this.#exchange = exchange;
    this.#question = question;
  }

  send(): Promise<unknown> {
    return this.#exchange.send(this.#question.key, this.#request());
  }

  retry(error: unknown): Promise<unknown> | undefined {
    return this.#exchange.retry(error, this.#sentEpoch, this.#question.key, () => this.#request());
  }

  answered(reply: unknown): void {
    const { memory, context, leaseMs, now } = this.#exchange.parts;
    const { key, runs, lease, done } = this.#question;
    const answer = readAnswer(reply, runs, context.judge.rules);
    const time = now();
    const at = memory.place(key, time);
    if (at !== undefined) {
      memory.learn(at, time, answer.usage, this.#sentEpoch, this.#exchange.settling(time));
      if (lease > 0) memory.addLease(at, time, answer.lease, leaseMs);
      answer.runs.forEach((run, index) => {
        const [cost, count] = [runs[2 * index] as number, runs[2 * index + 1] as number];
        if (run.admitted < count) memory.rememberDenial(at, time, cost, run.waitMs, run.binding);
      });
    }
    done(answer);
  }

  unavailable(): void {
    const { memory, guard, now } = this.#exchange.parts;
    const { key, runs, done } = this.#question;
    if (this.#sentEpoch === 0) {
      guard.skipped += runs.reduce((sum, number, index) => sum + (index % 2) * number, 0);
    }
    const at = memory.place(key, now());
    if (at !== undefined) memory.setEpoch(at, 0);
    done(undefined);
  }

  #request(): Request {
    // Sent again with what was to be told the first time, and more if Redis turned out to have forgotten.
    this.#owed = this.#exchange.owed(this.#question.key) ?? this.#owed;
    this.#sentEpoch = this.#exchange.epoch;
    return this.#exchange.request(this.#question, this.#owed);
  }
}
