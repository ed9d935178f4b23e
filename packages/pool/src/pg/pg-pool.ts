import { type Clock, monotonicClock } from '@mainstay/core';
import pg from 'pg';
import type { AcquireOptions } from '../acquire-options.js';
import type { PoolStats } from '../counters.js';
import type { PooledResource } from '../inspection.js';
import type { Lease } from '../lease.js';
import type { CreateContext } from '../options.js';
import { Pool } from '../pool.js';
import { clean, ping } from './bleed-guard.js';
import { isUsable, keepAlive } from './client.js';
import { defineCounts } from './counts.js';
import { closeConnection, open } from './open.js';
import { inWordsOfPg } from './pg-errors.js';
import { type PgPoolOptions, readDrainTimeout, translate } from './pg-options.js';
import { type Callback, isSubmittable, runAwaited, runCalledBack, submit } from './query.js';
import { breaksConnection } from './sqlstate.js';
import { runTransaction, type TransactionFunction, type TransactionOptions } from './transaction.js';

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** A row as pg types it when nothing is said about it. */
// biome-ignore lint/suspicious/noExplicitAny: the same default as in pg's types, or this would be no drop-in
type Row = any;

/** What pg.Pool's constructor sets and its types leave out. */
interface BaseFields {
  ending: boolean;
  ended: boolean;
  Client: new (config: pg.PoolConfig) => pg.PoolClient;
  Promise: PromiseConstructor;
}

const DOUBLE_RELEASE = 'Release called on client which has already been released to the pool.';
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
  readonly #pool: Pool<pg.PoolClient>;
  readonly #clock: Clock;
  readonly #allowExitOnIdle: boolean;
  readonly #drainTimeoutMs: number;
  readonly #Promise: PromiseConstructor | undefined;

  /**
   * @param Client instead of pg's, as `options.Client`
   * @throws TypeError, RangeError when an option is wrong or given twice under two names
   */
  constructor(options: PgPoolOptions = {}, Client?: PgPoolOptions['Client']) {
    const translated = translate(options);
    super(Client === undefined ? options : { ...options, Client });
    this.name = translated.name;
    this.#clock = options.clock ?? monotonicClock;
    this.#allowExitOnIdle = options.allowExitOnIdle ?? false;
    this.#drainTimeoutMs = readDrainTimeout(options);
    this.#Promise = options.Promise as PromiseConstructor | undefined;
    this.#pool = new Pool<pg.PoolClient>({
      ...translated,
      create: (context) => this.#open(context),
      destroy: (client) => this.#close(client),
      validate: ping,
      reset: clean,
    });
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return this.#promised(this.#checkOut());
    this.#checkOut().then(
      (client) => process.nextTick(callback, undefined, client, client.release),
      (error: unknown) => process.nextTick(callback, error, undefined, nothing),
    );
    return undefined;
  }

  /**
   * All forms of pg.Pool: text or config, values, callback or promise. A Submittable (Cursor, QueryStream) is returned as it
   * is and gives its connection back when it has ended.
   */
  override query<T extends pg.Submittable>(submittable: T): T;
  override query<R extends unknown[] = Row[], I = unknown[]>(
    config: pg.QueryArrayConfig<I>,
    values?: pg.QueryConfigValues<I>,
  ): Promise<pg.QueryArrayResult<R>>;
  override query<R extends pg.QueryResultRow = Row, I = unknown[]>(
    query: string | pg.QueryConfig<I>,
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
    const client = this.#checkOut();
    if (isSubmittable(first)) return submit(client, first, values, callback);
    if (callback === undefined) return this.#promised(runAwaited(client, first, values));
    runCalledBack(client, first, values, callback);
    return undefined;
  }

  /**
   * Runs the function in a transaction: COMMIT when it is done, ROLLBACK when it throws, again after a serialization failure
   * or a deadlock. Not nested yet: a second `transaction` inside takes another connection.
   * @throws what the function throws, the signal's reason, TransactionRolledBackError, or the error of a statement
   */
  transaction<T>(fn: TransactionFunction<T>, options: TransactionOptions = {}): Promise<T> {
    const connect = (signal: AbortSignal | undefined) => this.#checkOut({ signal });
    return runTransaction({ connect, clock: this.#clock }, fn, options);
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
      : this.#pool.drain({ timeoutMs: this.#drainTimeoutMs }).then(() => {
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

  stats(): PoolStats {
    return this.#pool.stats();
  }

  /** Of the open connections, the one that has been out for the longest first, and so on: `Pool.inspect()`. */
  inspect(): PooledResource<pg.PoolClient>[] {
    return this.#pool.inspect();
  }

  #checkOut(options?: AcquireOptions): Promise<pg.PoolClient> {
    const lease = options === undefined ? this.#pool.tryAcquire() : undefined;
    if (lease !== undefined) return Promise.resolve(this.#handOut(lease));
    return this.#pool.acquire(options).then(
      (waitedFor) => this.#handOut(waitedFor),
      (error: unknown) => {
        throw inWordsOfPg(error);
      },
    );
  }

  #handOut(lease: Lease<pg.PoolClient>): pg.PoolClient {
    const client = lease.resource;
    let released = false;
    client.release = (error) => {
      if (released) throw new Error(DOUBLE_RELEASE);
      released = true;
      this.#takeBack(lease, client, error);
    };
    if (this.#allowExitOnIdle) keepAlive(client, true);
    this.#announce('acquire', client);
    return client;
  }

  #takeBack(lease: Lease<pg.PoolClient>, client: pg.PoolClient, error: Error | boolean | undefined): void {
    this.#announce('release', error, client);
    if (!isUsable(client) || (error && breaksConnection(error))) {
      lease.destroy(error);
      return;
    }
    if (this.#allowExitOnIdle) keepAlive(client, false);
    lease.release();
  }

  async #open(context: CreateContext): Promise<pg.PoolClient> {
    const { Client } = this as unknown as BaseFields;
    const onError = (error: Error, client: pg.PoolClient): void => this.#heard(error, client);
    const client = await open({ Client, config: this.options, onError }, context);
    if (this.#allowExitOnIdle) keepAlive(client, false);
    this.#announce('connect', client);
    return client;
  }

  async #close(client: pg.PoolClient): Promise<void> {
    await closeConnection(client, this.#clock);
    this.#announce('remove', client);
  }

  /** An error of a connection, called after the pool has dropped it. Its holder hears it if he listens, else the pool does. */
  #heard(error: Error, client: pg.PoolClient): void {
    const held = this.#pool
      .inspect()
      .some(({ resource, state }) => resource === client && state === 'leased');
    if (held && client.listenerCount('error') > 1) return;
    this.#announce('error', Object.assign(error, { client }), client);
  }

  /** EventEmitter throws for an `error` that nobody hears, and for listeners that throw; neither may change a result here. */
  #announce(event: string, ...payload: unknown[]): void {
    if (this.listenerCount(event) === 0) return;
    try {
      this.emit(event, ...payload);
    } catch (error) {
      process.emitWarning(`A listener of "${event}" threw: ${String(error)}`, {
        type: 'MainstayWarning',
        code: 'MAINSTAY_LISTENER',
      });
    }
  }

  #promised<T>(promise: Promise<T>): Promise<T> {
    const Other = this.#Promise;
    return Other === undefined ? promise : new Other<T>((resolve, reject) => promise.then(resolve, reject));
  }
}

defineCounts(PgPool.prototype);
