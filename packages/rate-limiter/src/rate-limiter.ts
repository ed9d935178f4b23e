import { createHash } from 'node:crypto';
import { abortable, type Listener } from '@mainstay/core';
import type { Decision } from './decision.js';
import { RateLimitError } from './errors.js';
import { Judge } from './judge.js';
import { Ledger, type RateLimiterEvents } from './ledger.js';
import { MemoryStore } from './memory-store.js';
import { type RateLimiterOptions, readLimiterOptions } from './options.js';
import { checkUnits, Reservation } from './reservation.js';
import type { Algorithm } from './rules/rule.js';
import type { OpenStore, Reserved, StoreStats } from './store.js';
import { Turns } from './turns.js';

export interface ConsumeOptions {
  /** Units, 0 or more; 0 asks without using anything. Default 1. */
  readonly cost?: number | undefined;
  /** Ends the waiting for a shared store; the cost may have been used by then. */
  readonly signal?: AbortSignal | null | undefined;
}

export interface ScheduleOptions extends ConsumeOptions {
  /** Whose turn it is. Default: one for all. */
  readonly key?: string | undefined;
  /** The longest wait in milliseconds. Default 30,000. A turn that is known to come later is refused at once. */
  readonly timeoutMs?: number | undefined;
}

export interface RateLimiterStats extends StoreStats {
  readonly allowed: number;
  readonly denied: number;
  /** Decisions of either kind that were made without the shared store. */
  readonly degraded: number;
  /** Callers of `schedule` that wait. */
  readonly waiting: number;
}

/** One limit of a limiter, as the RateLimit-Policy field tells it. */
export interface Policy {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly algorithm: Algorithm;
}

/** Longer keys are kept as their hash, so that a client cannot make a key weigh more than its place. */
const LONGEST_KEY = 256;
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Decides who may do how much: in this process, or shared through Redis.
 *
 * Being limited is an answer, never an error. A denied cost consumes nothing. There is no timer a key, and no background work
 * while the store answers.
 */
export class RateLimiter {
  readonly name: string;
  readonly policies: readonly Policy[];
  readonly #store: OpenStore;
  /** The same when it answers at once. */
  readonly #memory: MemoryStore | undefined;
  readonly #ledger: Ledger;
  readonly #turns: Turns;
  #closed = false;

  /** @throws TypeError or RangeError naming the option that is wrong, what was received and what is allowed */
  constructor(options: RateLimiterOptions) {
    const { name, rules, store, clock, maxKeys, onStoreFailure, instances, maxWaiting } =
      readLimiterOptions(options);
    this.name = name;
    this.policies = Object.freeze(
      rules.map(({ name, limit, windowMs, algorithm }) =>
        Object.freeze({ name, limit, windowMs, algorithm }),
      ),
    );
    this.#ledger = new Ledger(name);
    const judge = new Judge(rules);
    this.#store = store.open({
      name,
      judge,
      ledger: this.#ledger,
      clock,
      maxKeys,
      onStoreFailure,
      instances,
    });
    this.#memory = this.#store instanceof MemoryStore ? this.#store : undefined;
    this.#turns = new Turns({
      name,
      clock,
      maxWaiting,
      consume: (key, cost) => this.#store.consume(key, cost),
      impossible: (cost) => judge.isImpossible(cost),
    });
  }

  get kind(): 'rate-limiter' {
    return 'rate-limiter';
  }

  /**
   * Uses the key's quota if all of the cost fits.
   * @returns rejects with the signal's reason when it is or becomes aborted, with TypeError or RangeError for a key that is no
   *   string or a cost that is no number of at least 0, after `close()` with RateLimitError; never because of a limit or a store
   */
  consume(key: string, options?: ConsumeOptions): Promise<Decision> {
    try {
      const cost = options?.cost ?? 1;
      const signal = options?.signal;
      this.#check('consume', key, cost);
      if (signal != null) return this.#consumeUnless(signal, key, cost);
      const decision = (this.#memory ?? this.#store).consume(shortened(key), cost);
      return decision instanceof Promise ? decision : Promise.resolve(decision);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The same at once, for the memory store. Within one turn of the event loop the time of a single gcra limit stands still for up to 16 decisions.
   * @throws TypeError when the store is a shared one, and for what `consume` rejects with
   */
  consumeSync(key: string, options?: { readonly cost?: number | undefined }): Decision {
    const memory = this.#memory;
    if (memory === undefined) {
      throw new TypeError(`RateLimiter: consumeSync needs the memory store; ${this.name} has a shared one`);
    }
    const cost = options?.cost ?? 1;
    this.#check('consumeSync', key, cost);
    return memory.consume(shortened(key), cost);
  }

  /**
   * Takes an estimate now, to be corrected with `settle(actual)` when the cost is known.
   * @returns rejects as `consume` does
   */
  async reserve(
    key: string,
    estimate: number,
    options?: { readonly signal?: AbortSignal | null | undefined },
  ): Promise<Reservation> {
    this.#check('reserve', key, estimate);
    options?.signal?.throwIfAborted();
    const reserving = Promise.resolve(this.#store.reserve(shortened(key), estimate));
    try {
      const { decision, ticket } = await abortable(reserving, options?.signal ?? undefined);
      return new Reservation(decision, this.#store, ticket);
    } catch (error) {
      // The caller left while the store was asked: what it took meanwhile is given back.
      void reserving.then((late: Reserved) => {
        if (late.ticket !== undefined) void this.#store.settle(late.ticket, 0);
      });
      throw error;
    }
  }

  /**
   * Calls `fn` when it is its turn instead of refusing it, first come first served for each key, and passes on what it returns.
   * @returns rejects with RateLimitError when too many wait, when the turn does not come within `timeoutMs` (at once where that is
   *   known), when the cost can never fit, or when the limiter is closed; with the signal's reason when it is aborted
   */
  async schedule<Result>(
    fn: (context: { readonly signal: AbortSignal | undefined }) => Result | PromiseLike<Result>,
    options: ScheduleOptions = {},
  ): Promise<Result> {
    if (typeof fn !== 'function') throw new TypeError('RateLimiter: schedule takes a function');
    const { key = '', cost = 1, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const signal = options.signal ?? undefined;
    this.#check('schedule', key, cost);
    checkUnits('schedule', 'timeoutMs', timeoutMs);
    await this.#turns.take(shortened(key), cost, timeoutMs, signal);
    return fn({ signal });
  }

  /**
   * Adds a listener. One that throws changes nothing and becomes a process warning (`MAINSTAY_LISTENER`).
   * @returns removes it
   */
  on<Event extends keyof RateLimiterEvents>(
    event: Event,
    listener: Listener<RateLimiterEvents[Event]>,
  ): () => void {
    return this.#ledger.on(event, listener);
  }

  stats(): RateLimiterStats {
    const { allowed, denied, degraded } = this.#ledger;
    return { allowed, denied, degraded, waiting: this.#turns.waiting, ...this.#store.stats() };
  }

  /** Refuses everybody who waits in `schedule` and forgets all keys. The Redis client stays yours. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#turns.close();
    this.#store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #consumeUnless(signal: AbortSignal, key: string, cost: number): Promise<Decision> {
    if (typeof signal.addEventListener !== 'function') {
      throw new TypeError(
        `RateLimiter: the signal of consume must be an AbortSignal, received ${typeof signal}`,
      );
    }
    if (signal.aborted) return Promise.reject(signal.reason);
    return abortable(Promise.resolve(this.#store.consume(shortened(key), cost)), signal);
  }

  #check(method: string, key: unknown, cost: unknown): void {
    if (typeof key !== 'string') {
      throw new TypeError(`RateLimiter: the key of ${method} must be a string, received ${typeof key}`);
    }
    checkUnits(method, 'cost', cost);
    if (this.#closed) {
      throw new RateLimitError('ERR_RATE_LIMITER_CLOSED', this.name, `${this.name} is closed`, 0);
    }
  }
}

function shortened(key: string): string {
  return key.length <= LONGEST_KEY ? key : `sha256:${createHash('sha256').update(key).digest('base64url')}`;
}
