import { type Clock, deadlinesOf, onAbort } from '@mainstay/core';
import type { PoolClient } from 'pg';
import type { Canceller } from './canceller.js';
import { newestQuery, type QueryInnards, takeQueryTimeout } from './client.js';
import { stateOf } from './client-state.js';
import { queryTimeoutError } from './pg-errors.js';
import { type Callback, isSubmittable, type RawQuery } from './query.js';
import { ownTimeout, readStatement, type Statement } from './statement.js';

/** Told of every statement that comes as text or config; observers are opt-in and must not throw. */
export interface StatementObserver {
  /** @returns what to call when the statement has ended, if it wants to know */
  started(client: PoolClient, statement: Statement): ((error: unknown) => void) | undefined;
}

export interface StatementsOptions {
  clock: Clock;
  canceller: Canceller;
  /** Of statements that bring none of their own; 0: no limit. */
  timeoutMs: number;
  observers: readonly StatementObserver[];
}

type Guarded = { raw: RawQuery; timeoutMs: number };

/**
 * Stands in for `query` on every client of the pool, whoever holds it: signals, deadlines and observers work on held clients
 * and inside of transactions as they do in `pool.query`.
 */
export class Statements {
  readonly #options: StatementsOptions;

  constructor(options: StatementsOptions) {
    this.#options = options;
  }

  guard(client: PoolClient): void {
    const own = Object.hasOwn(client, 'query') ? client.query : undefined;
    // Looked up at each call, since instrumentation patches the prototype when it likes.
    const raw: RawQuery = (query, values, callback) =>
      ((own ?? Object.getPrototypeOf(client).query) as RawQuery).call(client, query, values, callback);
    const timeoutMs = takeQueryTimeout(client) || this.#options.timeoutMs;
    const guarded: Guarded = { raw, timeoutMs };
    const query: RawQuery = (...all) => this.#run(client, guarded, ...all);
    Object.defineProperty(client, 'query', { value: query, configurable: true, writable: true });
  }

  #run(
    client: PoolClient,
    { raw, timeoutMs }: Guarded,
    query: unknown,
    values: unknown,
    callback: unknown,
  ): unknown {
    const state = stateOf(client);
    const entry = state?.entry;
    // The holder uses it, in his own async context.
    if (entry?.state === 'leased') entry.keeper.used(entry, undefined);
    const cancelling = state?.cancelling;
    if (isSubmittable(query)) {
      if (cancelling === undefined) return raw(query, values, callback);
      void cancelling.then(() => raw(query, values, callback));
      return query;
    }
    const plain = typeof query === 'string' || query === null || query === undefined;
    const limitMs = (plain ? undefined : ownTimeout(query as object)) ?? timeoutMs;
    const signal = plain ? undefined : (query as { signal?: AbortSignal }).signal;
    const watched = limitMs > 0 || signal !== undefined || this.#options.observers.length > 0;
    if (query === null || query === undefined || (plain && !watched && cancelling === undefined)) {
      return raw(query, values, callback);
    }
    const statement = readStatement(query as string | object, values, callback);
    if (!watched && cancelling === undefined) return raw(statement.query, undefined, statement.callback);
    const run = new Run(client, raw, this.#options, statement, limitMs, signal);
    if (statement.callback !== undefined) {
      run.start(cancelling, statement.callback);
      return undefined;
    }
    const { _Promise: Other = Promise } = client as { _Promise?: PromiseConstructor };
    const running = new Other((resolve, reject) => {
      run.start(cancelling, (error, result) => (error ? reject(error) : resolve(result)));
    });
    return running.catch((error: unknown) => {
      // As pg does: the stack leads to the caller and not to the socket.
      if (error instanceof Error && error !== signal?.reason) Error.captureStackTrace(error);
      throw error;
    });
  }
}

/** One statement that has a deadline, a signal, or somebody who watches. Calls back once. */
class Run {
  readonly #client: PoolClient;
  readonly #raw: RawQuery;
  readonly #options: StatementsOptions;
  readonly #statement: Statement;
  readonly #limitMs: number;
  readonly #signal: AbortSignal | undefined;
  #over = false;
  #query: QueryInnards | undefined;
  #callback: Callback | undefined;
  #leave: (() => void)[] = [];

  constructor(
    client: PoolClient,
    raw: RawQuery,
    options: StatementsOptions,
    statement: Statement,
    limitMs: number,
    signal: AbortSignal | undefined,
  ) {
    this.#client = client;
    this.#raw = raw;
    this.#options = options;
    this.#statement = statement;
    this.#limitMs = limitMs;
    this.#signal = signal;
  }

  start(cancelling: Promise<unknown> | undefined, callback: Callback): void {
    this.#callback = callback;
    if (this.#signal?.aborted) {
      process.nextTick(callback, this.#signal.reason);
      this.#over = true;
      return;
    }
    this.#leave.push(onAbort(this.#signal, (reason) => this.#interrupt(reason)));
    if (this.#limitMs > 0) {
      const late = (): void => this.#interrupt(queryTimeoutError(this.#limitMs));
      const deadline = deadlinesOf(this.#options.clock).add(this.#limitMs, late);
      this.#leave.push(() => deadline.cancel());
    }
    if (cancelling === undefined) this.#send();
    else void cancelling.then(() => this.#send());
  }

  #send(): void {
    if (this.#over) return;
    const { query } = this.#statement;
    const ends = this.#options.observers.map((observer) => observer.started(this.#client, this.#statement));
    const ended: Callback = (error, result) => {
      for (const end of ends) end?.(error);
      this.#finish(error, result);
    };
    try {
      this.#raw(query, undefined, ended);
      if (!this.#over) this.#query = newestQuery(this.#client);
    } catch (error) {
      this.#finish(error);
    }
  }

  #interrupt(reason: unknown): void {
    this.#options.canceller.interrupt(this.#client, this.#query);
    this.#finish(reason);
  }

  #finish(error: unknown, result?: Parameters<Callback>[1]): void {
    if (this.#over) return;
    this.#over = true;
    for (const leave of this.#leave) leave();
    this.#callback?.(error, result);
  }
}
