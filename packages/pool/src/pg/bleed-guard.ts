import type { PoolClient } from 'pg';
import { drained, forgetPreparedStatements, isInTransaction, isPristine, isQuiet } from './client.js';
import { type ClientState, stateOf } from './client-state.js';

/** When the session is reset on release: after statements that leave something in it, after every loan, never. */
export type SessionReset = 'tracked' | 'always' | 'never';

/** Nothing has to be done before the next holder, as far as that can be seen at a glance. */
export function isUntouched(client: PoolClient): boolean {
  const state = stateOf(client);
  return state !== undefined && !state.dirty && state.cancelling === undefined && isPristine(client);
}

/**
 * What a holder leaves behind must not reach the next one: an open transaction is rolled back, and what he set in the session
 * is discarded (`DISCARD ALL`), prepared statements with it. Where hooks had configured the session, the connection is given
 * up instead (false), since they would have to run again.
 *
 * A clean connection costs some comparisons. After an error the server has yet to say in which state the transaction is (its
 * ReadyForQuery follows the error), statements may still be queued, a cancel request may be under way: then it waits.
 * Whoever calls bounds it (`checkTimeoutMs`), and a connection that is lost meanwhile leaves the pool by itself.
 */
export function clean(client: PoolClient, mode: SessionReset): Promise<boolean> | boolean | undefined {
  const state = stateOf(client);
  if (state?.cancelling !== undefined) return state.cancelling.then((sound) => sound && again(client, mode));
  if (isQuiet(client)) {
    if (isInTransaction(client)) return rollBack(client, mode);
    const discards = state !== undefined && (mode === 'always' || (mode === 'tracked' && state.dirty));
    return discards ? reset(client, state) : undefined;
  }
  // Statements of the former holder may have been queued meanwhile; look again rather than trust the event.
  return drained(client).then((sound) => sound && again(client, mode));
}

const again = async (client: PoolClient, mode: SessionReset): Promise<boolean> =>
  (await clean(client, mode)) ?? true;

async function rollBack(client: PoolClient, mode: SessionReset): Promise<boolean> {
  if ((await run(client, 'ROLLBACK')) && !isInTransaction(client)) return again(client, mode);
  return false;
}

function reset(client: PoolClient, state: ClientState): Promise<boolean> | boolean {
  if (state.configured) return false;
  return run(client, 'DISCARD ALL').then((done) => {
    state.dirty = false;
    if (done) forgetPreparedStatements(client);
    return done;
  });
}

/** A round trip that runs nothing: an empty statement. */
export const ping = (client: PoolClient): Promise<boolean> => run(client, '');

const run = (client: PoolClient, statement: string): Promise<boolean> =>
  new Promise((resolve) => {
    client.query(statement, (error: unknown) => resolve(!error));
  });
