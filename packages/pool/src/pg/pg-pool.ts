import { AsyncLocalStorage } from 'node:async_hooks';
import type { Listener } from '@mainstay/core';
import pg from 'pg';
import type { AcquireOptions } from '../acquire-options.js';
import type { PoolStats } from '../counters.js';
import type { PoolEvents } from '../events.js';
import type { PooledResource } from '../inspection.js';
import type { Lease } from '../lease.js';
import type { Entrance } from '../lending.js';
import type { Limits } from '../limits.js';
import { assemble, type BaseFields, type Parts, readAll } from './assembly.js';
import type { Checkouts } from './checkouts.js';
import { clientLease } from './client-lease.js';
import { defineCounts } from './counts.js';
import { type ExplainOptions, explain, type QueryPlan } from './explain.js';
import { type IndexAdvice, type IndexAdviceOptions, indexAdvice } from './index-advice.js';
import { watchListeners } from './listening.js';
import { ownLoan } from './own-loan.js';
import type { PgPoolOptions } from './pg-options.js';
import { type Callback, isSubmittable, runAwaited, runCalledBack, submit } from './query.js';
import type { Explainer } from './slow-queries.js';
import type { PgClient, StatementLimits } from './statement.js';
import { showClients } from './strict.js';
import { runTransaction, type TransactionFunction } from './transaction.js';
import type { TransactionOptions } from './transaction-options.js';
import type { TransactionScope } from './transaction-scope.js';

/** As pg.Pool calls back. `done` releases the client. */
export type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** A row as pg types it when nothing is said about it. */
// biome-ignore lint/suspicious/noExplicitAny: the same default as in pg's types, or this would be no drop-in
type Row = any;

const nothing = (): void => {};

/**
 * A pg.Pool in every respect that other libraries look at (`instanceof`, methods in both styles, events, counts, client
 * identity), over Mainstay's pool.
 *
 * What is different on purpose: a statement that fails with severity ERROR does not cost the connection; an open transaction
 * is rolled back before the next holder gets the connection; `end()` settles everybody who waits; every wait has a limit by
 * default; an outage costs a few dials a second instead of one per caller; no error of a connection ends the process.
 */
export class PgPool extends pg.Pool implements AsyncDisposable {
  readonly kind = 'pool';
  readonly name: string;
  readonly #parts: Parts;
  /** Of the parts the one that every loan needs. */
  readonly #checkouts: Checkouts;
  readonly #Promise: PromiseConstructor | undefined;
  readonly #scopes = new AsyncLocalStorage<TransactionScope>();

  /**
   * @param Client instead of pg's, as `options.Client`
   * @throws TypeError, RangeError when an option is wrong or given twice under two names
   */
  constructor(options: PgPoolOptions = {}, Client?: PgPoolOptions['Client']) {
    const given = Client === undefined ? options : { ...options, Client };
    const { sizes, facade } = readAll(given);
    super(given);
    this.options.max = sizes.max ?? 10;
    this.name = sizes.name;
    this.#Promise = options.Promise as PromiseConstructor | undefined;
    const explainer: Explainer = (...all) => this.explain(...all);
    this.#parts = assemble(this, this as unknown as BaseFields, options, sizes, facade, explainer);
    this.#checkouts = this.#parts.checkouts;
    if (this.#parts.strict) showClients(this);
  }

  override connect(): Promise<PgClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<PgClient> | undefined {
    if (callback === undefined) return this.#promised(this.#connect(undefined, this.connect));
    this.#connect(undefined, this.connect).then(
      (client) => process.nextTick(callback, undefined, client, client.release),
      (error: unknown) => process.nextTick(callback, error, undefined, nothing),
    );
    return undefined;
  }

  /**
   * All forms of pg.Pool: text or config, values, callback or promise. A Submittable (Cursor, QueryStream) is returned as it
   * is and gives its connection back when it has ended. Beside pg's fields a config takes `signal` and `timeoutMs`.
   */
  override query<T extends pg.Submittable>(submittable: T): T;
  override query<R extends unknown[] = Row[], I = unknown[]>(
    config: pg.QueryArrayConfig<I> & StatementLimits,
    values?: pg.QueryConfigValues<I>,
  ): Promise<pg.QueryArrayResult<R>>;
  override query<R extends pg.QueryResultRow = Row, I = unknown[]>(
    query: string | (pg.QueryConfig<I> & StatementLimits),
    values?: pg.QueryConfigValues<I>,
  ): Promise<pg.QueryResult<R>>;
  override query<R extends unknown[] = Row[], I = unknown[]>(
    config: pg.QueryArrayConfig<I>,
    callback: (error: Error, result: pg.QueryArrayResult<R>) => void,
  ): void;
  override query<R extends pg.QueryResultRow = Row, I = unknown[]>(
    query: string | pg.QueryConfig<I>,
    callback: (error: Error, result: pg.QueryResult<R>) => void,
  ): void;
  override query<R extends pg.QueryResultRow = Row, I = unknown[]>(
    text: string,
    values: pg.QueryConfigValues<I>,
    callback: (error: Error, result: pg.QueryResult<R>) => void,
  ): void;
  override query(first: unknown, second?: unknown, third?: unknown): unknown {
    if (typeof first === 'function') {
      const error = new Error('Passing a function as the first parameter to pool.query is not supported');
      setImmediate(first as (error: Error) => void, error);
      return undefined;
    }
    const callback = (typeof second === 'function' ? second : third) as Callback | undefined;
    const values = typeof second === 'function' ? undefined : second;
    const signal = typeof first === 'object' ? (first as StatementLimits | null)?.signal : undefined;
    const client = this.#connect(signal, this.query);
    if (isSubmittable(first)) return submit(client, first, values, callback);
    if (callback === undefined) return this.#promised(runAwaited(client, first, values, signal));
    runCalledBack(client, first, values, callback);
    return undefined;
  }

  /**
   * Runs the function in a transaction: COMMIT when it is done, ROLLBACK when it throws, again after a serialization failure
   * or a deadlock. A `transaction` inside, in the same async context, is a savepoint of the outer one; several begun side by
   * side run one after the other. `pool.query` inside takes another connection: use the client.
   * @throws what the function throws, the signal's reason, TransactionRolledBackError, or the error of a statement
   */
  transaction<T>(fn: TransactionFunction<T>, options: TransactionOptions = {}): Promise<T> {
    let entrance: Entrance = this.transaction;
    const connect = (signal: AbortSignal | undefined) => {
      const first = entrance;
      // When it is tried again, only this one is still on the stack.
      entrance = runTransaction;
      return this.#connect(signal, first);
    };
    const host = { ...this.#parts, connect, scopes: this.#scopes };
    return this.unitOfWork(() => runTransaction(host, fn, options));
  }

  /** Statements in the function's async context are counted together for `repeatedQueries`: wrap a request or a job in it. */
  unitOfWork<T>(fn: () => T): T {
    return this.#parts.repeated === undefined ? fn() : this.#parts.repeated.within(fn);
  }

  /**
   * A client that can be told from any other loan of it: afterwards the lease is inert. Works with `using`.
   * @throws what `connect` throws
   */
  async lease(options?: AcquireOptions): Promise<Lease<PgClient>> {
    return clientLease(await this.#checkouts.checkOut(options, this.lease), this.#checkouts);
  }

  /** The plan of a statement. @throws what the server says about the statement */
  explain(text: string, values?: readonly unknown[], options?: ExplainOptions): Promise<QueryPlan> {
    return this.#with((client) => explain(client, text, values, options), this.explain, options?.signal);
  }

  /** What the server's statistics say about indexes that are missing or that nobody uses, the most costly first. */
  indexAdvice(options?: IndexAdviceOptions): Promise<IndexAdvice[]> {
    return this.#with((client) => indexAdvice(client, options), this.indexAdvice);
  }

  /** Settles everybody who waits, waits for connections in use up to `drainTimeoutMs`, and closes all. */
  override end(): Promise<void>;
  override end(callback: (error?: Error) => void): void;
  override end(callback?: (error?: Error) => void): Promise<void> | undefined {
    const fields = this as unknown as BaseFields;
    const again = fields.ending;
    fields.ending = true;
    const ended = again
      ? Promise.reject(new Error('Called end on pool more than once'))
      : this.#drain().then(() => {
          fields.ended = true;
        });
    if (callback === undefined) return this.#promised(ended);
    ended.then(
      () => process.nextTick(callback),
      (error: unknown) => process.nextTick(callback, error),
    );
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ending) await this.end();
  }

  /** Opens connections until `count` are open (default `min`, 1 at least): `Pool.warm()`. */
  warm(options?: { count?: number | undefined; signal?: AbortSignal | undefined }): Promise<void> {
    return this.#checkouts.pool.warm(options);
  }

  /** `Pool.resize()`. @throws TypeError, RangeError when a limit is wrong */
  resize(limits: Partial<Limits>): void {
    this.#checkouts.pool.resize(limits);
    this.options.max = this.stats().max;
  }

  /** The events of the generic pool (down, up, timeout, leak, …): `Pool.on()`. @returns removes the listener */
  observe<K extends keyof PoolEvents<PgClient>>(
    event: K,
    listener: Listener<PoolEvents<PgClient>[K]>,
  ): () => void {
    return this.#checkouts.pool.on(event, listener);
  }

  stats(): PoolStats {
    return this.#checkouts.pool.stats();
  }

  /** Of the open connections, the one that has been out for the longest first, and so on: `Pool.inspect()`. */
  inspect(): PooledResource<pg.PoolClient>[] {
    return this.#checkouts.pool.inspect();
  }

  #connect(signal: AbortSignal | undefined, entrance: Entrance): Promise<PgClient> {
    if (this.#parts.strict && this.ending) {
      return Promise.reject(new Error('Cannot use a pool after calling end on the pool'));
    }
    return this.#checkouts.checkOut(signal === undefined ? undefined : { signal }, entrance);
  }

  async #with<T>(work: (client: PgClient) => Promise<T>, entrance: Entrance, signal?: AbortSignal) {
    const client = await this.#connect(signal, entrance);
    const release = ownLoan(client);
    try {
      return await work(client);
    } finally {
      release();
    }
  }

  async #drain(): Promise<void> {
    if (this.#parts.strict) await this.#checkouts.allServed();
    await this.#checkouts.pool.drain({ timeoutMs: this.#parts.drainTimeoutMs });
  }

  #promised<T>(promise: Promise<T>): Promise<T> {
    const Other = this.#Promise;
    return Other === undefined ? promise : new Other<T>((resolve, reject) => promise.then(resolve, reject));
  }
}

defineCounts(PgPool.prototype);
watchListeners(PgPool.prototype);
