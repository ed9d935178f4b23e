import type { PoolClient, QueryResult, Submittable } from 'pg';
import { isQuiet, isUsable } from './client.js';
import { stateOf } from './client-state.js';
import { ownLoan } from './own-loan.js';
import { sqlStateOf } from './sqlstate.js';

export type Callback = (error: unknown, result?: QueryResult) => void;

/** pg's `client.query` as it takes whatever it is given. */
export type RawQuery = (query: unknown, values?: unknown, callback?: unknown) => unknown;

const queryOn = (client: PoolClient): RawQuery => (client.query as unknown as RawQuery).bind(client);

/** Runs a statement, releases the connection, and calls back once. */
function run(client: PoolClient, query: unknown, values: unknown, callback: Callback): void {
  const release = ownLoan(client);
  let over = false;
  const finish = (error: unknown, result?: QueryResult): void => {
    // pg calls back twice for values that it cannot serialise.
    if (over) return;
    over = true;
    release(verdict(client, error));
    // Undefined, as pg-pool has it, where pg says null.
    callback(error || undefined, result);
  };
  try {
    queryOn(client)(query, values, finish);
  } catch (error) {
    finish(error);
  }
}

/** What to release a connection with: an error that did not come from the server is harmless when no answer is outstanding. */
function verdict(client: PoolClient, error: unknown): Error | boolean | undefined {
  if (!error) return undefined;
  if (stateOf(client)?.cancelling !== undefined) return undefined;
  if (sqlStateOf(error) === undefined && isQuiet(client) && isUsable(client)) return undefined;
  return error instanceof Error ? error : true;
}

/** The error's stack leads to the caller and not to the socket. */
export async function runAwaited(
  connecting: Promise<PoolClient>,
  query: unknown,
  values: unknown,
  signal: AbortSignal | undefined,
): Promise<QueryResult> {
  const client = await connecting;
  try {
    return await new Promise<QueryResult>((resolve, reject) => {
      run(client, query, values, (error, result) => (error ? reject(error) : resolve(result as QueryResult)));
    });
  } catch (error) {
    // A reason to abort is the caller's own.
    if (error instanceof Error && error !== signal?.reason) Error.captureStackTrace(error);
    throw error;
  }
}

/** What the callback throws is an uncaught exception, as in pg.Pool, and not an unhandled rejection. */
export function runCalledBack(
  connecting: Promise<PoolClient>,
  query: unknown,
  values: unknown,
  callback: Callback,
): void {
  connecting.then(
    (client) => run(client, query, values, (...results) => process.nextTick(callback, ...results)),
    (error: unknown) => process.nextTick(callback, error),
  );
}

interface SubmittableParts extends Submittable {
  handleError?: (error: unknown, connection: unknown) => void;
}

export const isSubmittable = (query: unknown): query is SubmittableParts =>
  typeof query === 'object' && query !== null && typeof (query as Partial<Submittable>).submit === 'function';

/** Runs a Cursor, a QueryStream or the like; the connection is released when the client has nothing left to do. */
export function submit<T extends SubmittableParts>(
  connecting: Promise<PoolClient>,
  query: T,
  values: unknown,
  callback: Callback | undefined,
): T {
  connecting.then(
    (client) => {
      const release = ownLoan(client);
      const done = (): void => {
        client.removeListener('drain', done);
        client.removeListener('end', done);
        release();
      };
      client.once('drain', done);
      client.once('end', done);
      try {
        queryOn(client)(query, values, callback);
      } catch (error) {
        done();
        process.nextTick(() => query.handleError?.(error, undefined));
      }
    },
    (error: unknown) => process.nextTick(() => query.handleError?.(error, undefined)),
  );
  return query;
}
