import type { AsyncLocalStorage } from 'node:async_hooks';
import { abortable, type Clock, deadlinesOf, onAbort, throwIfAborted } from '@mainstay/core';
import type { PoolClient } from 'pg';
import type { Canceller } from './canceller.js';
import { TransactionRolledBackError } from './pg-errors.js';
import { isRetryable } from './sqlstate.js';
import type { PgClient } from './statement.js';
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
/** How long an aborted transaction's function may go on before its connection is given up, so that it cannot do harm. */
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
  // The releaser of this checkout: by the time it is needed, another one may stand on the client.
  const { release } = client;
  const scope = new TransactionScope(client, settings);
  const working = host.scopes.run(scope, () => work(client, fn, settings));
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
    leave();
    scope.over = true;
    const { command } = await client.query('COMMIT');
    if (command === 'ROLLBACK') throw new TransactionRolledBackError();
    release();
    return result;
  } catch (error) {
    leave();
    scope.over = true;
    if (abandoned) void abandon(host, client, release, working);
    else await rollBack(client, release);
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

/** Ends what is under way, and keeps the connection if the function lets go of it. */
async function abandon(
  { canceller, clock }: TransactionHost,
  client: PoolClient,
  release: PoolClient['release'],
  working: Promise<unknown>,
): Promise<void> {
  canceller.interruptAny(client);
  const gone = working.then(
    () => true,
    () => true,
  );
  const late = new Promise<false>((resolve) => {
    deadlinesOf(clock).add(LEAVE_MS, () => resolve(false), { keepAlive: false });
  });
  if (await Promise.race([gone, late])) await rollBack(client, release);
  else release(true);
}

const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    deadlinesOf(clock).add(ms, resolve);
  });
