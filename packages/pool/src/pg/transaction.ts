import type { AsyncLocalStorage } from 'node:async_hooks';
import { abortable, type Clock, deadlinesOf, onAbort, throwIfAborted } from '@mainstay/core';
import type { PoolClient } from 'pg';
import type { Canceller } from './canceller.js';
import { isOutsideTransaction, isQuiet } from './client.js';
import { ownLoan } from './own-loan.js';
import { TransactionRolledBackError, transactionEndedInside } from './pg-errors.js';
import { isRetryable } from './sqlstate.js';
import type { PgClient } from './statement.js';
import { transactionClient } from './transaction-client.js';
import {
  readTransactionOptions,
  type TransactionOptions,
  type TransactionSettings,
} from './transaction-options.js';
import { TransactionScope } from './transaction-scope.js';

export type TransactionFunction<T> = (
  client: PgClient,
  context: { signal: AbortSignal | undefined },
) => T | PromiseLike<T>;

export interface TransactionHost {
  connect: (signal: AbortSignal | undefined) => Promise<PgClient>;
  clock: Clock;
  canceller: Canceller;
  scopes: AsyncLocalStorage<TransactionScope>;
}

const FIRST_PAUSE_MS = 20;
/** How long a failed transaction's function, or one inside of it, may go on before its connection is given up, so that it cannot do harm. */
const LEAVE_MS = 500;

/** Inside of another transaction of the same pool and async context: a savepoint of that one. */
export async function runTransaction<T>(
  host: TransactionHost,
  fn: TransactionFunction<T>,
  received: TransactionOptions,
): Promise<T> {
  const settings = readTransactionOptions(received);
  const { retries, signal } = settings;
  const around = host.scopes.getStore();
  if (around !== undefined && !around.over) {
    const enter = <R>(scope: TransactionScope, inside: () => R): R => host.scopes.run(scope, inside);
    return around.nest(enter, (client) => host.canceller.interruptAny(client), fn, settings);
  }
  for (let attempt = 0; ; attempt++) {
    try {
      return await runOnce(host, fn, settings);
    } catch (error) {
      if (attempt >= retries || !isRetryable(error)) throw error;
      await abortable(pause(host.clock, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 6) * Math.random()), signal);
    }
  }
}

async function runOnce<T>(
  host: TransactionHost,
  fn: TransactionFunction<T>,
  settings: TransactionSettings,
): Promise<T> {
  const { signal } = settings;
  const client = await host.connect(signal);
  const release = ownLoan(client);
  const inside = transactionClient(client);
  const scope = new TransactionScope(inside.client, settings);
  const working = host.scopes.run(scope, () => work(inside.client, fn, settings));
  let leave = (): void => {};
  let abandoned = false;
  try {
    const aborted = new Promise<never>((_, reject) => {
      leave = onAbort(signal, (reason) => {
        abandoned = true;
        reject(reason);
      });
    });
    const result = await Promise.race([aborted, working]);
    // Inner ones that nobody awaited belong to it all the same.
    await Promise.race([aborted, scope.close()]);
    leave();
    inside.end();
    if (isQuiet(client) && isOutsideTransaction(client)) throw transactionEndedInside();
    const { command } = await client.query('COMMIT');
    if (command === 'ROLLBACK') throw new TransactionRolledBackError();
    release();
    return result;
  } catch (error) {
    leave();
    const gone = Promise.allSettled([working, scope.close()]);
    if (abandoned) {
      host.canceller.interruptAny(client);
      void letGo(host, client, release, gone, inside.end);
    } else await letGo(host, client, release, gone, inside.end);
    throw error;
  }
}

async function work<T>(
  client: PgClient,
  fn: TransactionFunction<T>,
  { isolation, readOnly, signal }: TransactionSettings,
): Promise<T> {
  throwIfAborted(signal);
  const level = isolation === undefined ? '' : ` ISOLATION LEVEL ${isolation.toUpperCase()}`;
  await client.query(`BEGIN${level}${readOnly ? ' READ ONLY' : ''}`);
  throwIfAborted(signal);
  return fn(client, { signal });
}

/** Afterwards the locks are gone, so that a retry does not run into its own shadow. */
async function rollBack(client: PoolClient, release: PoolClient['release']): Promise<void> {
  try {
    await client.query('ROLLBACK');
    release();
  } catch (error) {
    release(error instanceof Error ? error : true);
  }
}

/** Keeps the connection if the function, and those of inner transactions, let go of it. */
async function letGo(
  { clock }: TransactionHost,
  client: PoolClient,
  release: PoolClient['release'],
  gone: Promise<unknown>,
  end: () => void,
): Promise<void> {
  let inTime = false;
  await new Promise<void>((resolve) => {
    const deadline = deadlinesOf(clock).add(LEAVE_MS, resolve);
    void gone.then(() => {
      inTime = true;
      deadline.cancel();
      resolve();
    });
  });
  end();
  if (inTime) await rollBack(client, release);
  else release(true);
}

const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    deadlinesOf(clock).add(ms, resolve);
  });
