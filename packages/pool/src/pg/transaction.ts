import {
  abortable,
  type Clock,
  deadlinesOf,
  onAbort,
  option,
  readOptions,
  throwIfAborted,
} from '@mainstay/core';
import type { PoolClient } from 'pg';
import { isUsable } from './client.js';
import { TransactionRolledBackError } from './pg-errors.js';
import { isRetryable } from './sqlstate.js';

const isolations = ['read committed', 'repeatable read', 'serializable'] as const;

export interface TransactionOptions {
  /** Default: that of the server, usually read committed. */
  isolation?: (typeof isolations)[number] | undefined;
  /** Default false. */
  readOnly?: boolean | undefined;
  /**
   * How often the function runs again after a serialization failure or a deadlock (40001, 40P01), in a new transaction after
   * a short random pause. Default 2. What it does besides the database happens again, too.
   */
  retries?: number | undefined;
  /**
   * Stops waiting, and, until COMMIT is sent, the transaction: its connection is cut, so that the server rolls back, and
   * the promise rejects with the reason at once. From COMMIT on its outcome counts.
   */
  signal?: AbortSignal | undefined;
}

export type TransactionFunction<T> = (
  client: PoolClient,
  context: { signal: AbortSignal | undefined },
) => T | PromiseLike<T>;

export interface TransactionHost {
  connect: (signal: AbortSignal | undefined) => Promise<PoolClient>;
  clock: Clock;
}

const FIRST_PAUSE_MS = 20;

export async function runTransaction<T>(
  host: TransactionHost,
  fn: TransactionFunction<T>,
  received: TransactionOptions,
): Promise<T> {
  const { signal } = received;
  const { isolation, readOnly, retries } = readOptions('PgPool.transaction', received, {
    isolation: option.oneOf(isolations, { optional: true }),
    readOnly: option.boolean({ default: false }),
    retries: option.integer({ min: 0, max: 100, default: 2 }),
    signal: option.instance<AbortSignal>({
      optional: true,
      methods: ['addEventListener'],
      expected: 'an AbortSignal',
    }),
  });
  const level = isolation === undefined ? '' : ` ISOLATION LEVEL ${isolation.toUpperCase()}`;
  const begin = `BEGIN${level}${readOnly ? ' READ ONLY' : ''}`;
  for (let attempt = 0; ; attempt++) {
    try {
      return await runOnce(host, begin, fn, signal);
    } catch (error) {
      if (attempt >= retries || !isRetryable(error)) throw error;
      await abortable(pause(host.clock, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 6) * Math.random()), signal);
    }
  }
}

async function runOnce<T>(
  host: TransactionHost,
  begin: string,
  fn: TransactionFunction<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const client = await host.connect(signal);
  // The releaser of this checkout: by the time it is needed, another one may stand on the client.
  const { release } = client;
  let leave = (): void => {};
  try {
    const aborted = new Promise<never>((_, reject) => {
      leave = onAbort(signal, (reason) => {
        release(true);
        reject(reason);
      });
    });
    const result = await Promise.race([aborted, work(client, begin, fn, signal)]);
    leave();
    const { command } = await client.query('COMMIT');
    if (command === 'ROLLBACK') throw new TransactionRolledBackError();
    release();
    return result;
  } catch (error) {
    leave();
    // An abort has given the connection up already.
    if (signal?.aborted !== true || isUsable(client)) await rollBack(client, release);
    throw error;
  }
}

async function work<T>(
  client: PoolClient,
  begin: string,
  fn: TransactionFunction<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  throwIfAborted(signal);
  await client.query(begin);
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

const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    deadlinesOf(clock).add(ms, resolve);
  });
