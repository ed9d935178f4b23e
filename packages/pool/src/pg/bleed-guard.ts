import type { PoolClient } from 'pg';
import { isInTransaction, isQuiet } from './client.js';

/**
 * What a holder leaves behind must not reach the next one: an open transaction is rolled back first.
 *
 * A clean connection costs a comparison. After an error the server has yet to say in which state the transaction is (its
 * ReadyForQuery follows the error), and statements may still be queued: then it waits for the answer.
 * The pool bounds it (`checkTimeoutMs`), and a connection that is lost meanwhile leaves the pool by itself.
 */
export function clean(client: PoolClient): Promise<boolean> | undefined {
  if (isQuiet(client)) return isInTransaction(client) ? rollBack(client) : undefined;
  return new Promise((resolve) => {
    client.once('drain', () => {
      // Statements of the former holder may have been queued meanwhile; look again rather than trust the event.
      Promise.resolve(clean(client)).then((passed) => resolve(passed ?? true));
    });
  });
}

function rollBack(client: PoolClient): Promise<boolean> {
  return new Promise((resolve) => {
    client.query('ROLLBACK', (error: unknown) => resolve(!error && !isInTransaction(client)));
  });
}

/** A round trip that runs nothing: an empty statement. */
export function ping(client: PoolClient): Promise<boolean> {
  return new Promise((resolve) => {
    client.query('', (error: unknown) => resolve(!error));
  });
}
