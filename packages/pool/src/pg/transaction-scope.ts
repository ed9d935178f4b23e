import { onAbort, throwIfAborted } from '@mainstay/core';
import type { PoolClient } from 'pg';
import { TransactionRolledBackError, transactionEnded } from './pg-errors.js';
import { sqlStateOf } from './sqlstate.js';
import type { PgClient } from './statement.js';
import type { TransactionFunction } from './transaction.js';
import { checkNesting, type TransactionSettings } from './transaction-options.js';

const TRANSACTION_ABORTED = '25P02';

/** A transaction, or a savepoint in one, that is under way in an async context. */
export class TransactionScope {
  readonly client: PgClient;
  readonly settings: TransactionSettings;
  /** Work that goes on in the async context after the end must not take this for its transaction. */
  over = false;
  readonly #depth: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: PgClient, settings: TransactionSettings, depth = 0) {
    this.client = client;
    this.settings = settings;
    this.#depth = depth;
  }

  /**
   * Runs the function inside of a savepoint. Those begun side by side run one after the other, since there is one connection.
   * @param enter runs a function with the scope as that of its async context
   * @param interrupt cancels the statement under way
   */
  nest<T>(
    enter: <R>(scope: TransactionScope, fn: () => R) => R,
    interrupt: (client: PoolClient) => void,
    fn: TransactionFunction<T>,
    settings: TransactionSettings,
  ): Promise<T> {
    checkNesting(settings, this.settings);
    const outer: TransactionSettings = { ...this.settings, signal: settings.signal };
    const inner = new TransactionScope(this.client, outer, this.#depth + 1);
    const turn = this.#last.then(async () => {
      if (this.over) throw transactionEnded();
      throwIfAborted(settings.signal);
      const leave = onAbort(settings.signal, () => interrupt(this.client));
      try {
        return await inner.#run(() => enter(inner, () => fn(this.client, { signal: settings.signal })));
      } catch (error) {
        throw settings.signal?.aborted ? settings.signal.reason : error;
      } finally {
        leave();
      }
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /**
   * From now on nothing begins inside of this one: what waits for its turn is rejected. Settles when what has begun is over:
   * it works on the connection, which may be somebody else's as soon as this one has ended.
   */
  async close(): Promise<void> {
    this.over = true;
    await this.#last;
  }

  async #run<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    const name = `mainstay_${this.#depth}`;
    await this.client.query(`SAVEPOINT ${name}`);
    try {
      const result = await fn();
      await this.close();
      throwIfAborted(this.settings.signal);
      await this.client.query(`RELEASE SAVEPOINT ${name}`);
      return result;
    } catch (error) {
      await this.close();
      // Where this fails too, the connection is lost, and the outer COMMIT with it.
      await this.client.query(`ROLLBACK TO SAVEPOINT ${name}; RELEASE SAVEPOINT ${name}`).catch(() => {});
      throw sqlStateOf(error) === TRANSACTION_ABORTED
        ? new TransactionRolledBackError({ cause: error })
        : error;
    }
  }
}
