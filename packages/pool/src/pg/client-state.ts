import type { PoolClient } from 'pg';
import type { Entry } from '../entry.js';
import type { PgClient } from './statement.js';

/** What the pool remembers of one connection. */
export interface ClientState {
  /** The pool's record of it, from the first loan on. */
  entry: Entry<PgClient> | undefined;
  /** Something of the holder's is set in the session: it must be reset before the next holder. */
  dirty: boolean;
  /** The hooks (`onConnect`, `verify`, listeners of `connect`) left settings in the session that a reset would take along. */
  configured: boolean;
  /** A cancel request is under way; statements wait for it, since it could hit them. False: the connection was cut. */
  cancelling: Promise<boolean> | undefined;
}

const key = Symbol('mainstay.client-state');
type Marked = PoolClient & { [key]?: ClientState };

/** On the client itself, since it is looked at on every release. Not enumerable: nobody wants it in a log. */
export function remember(client: PoolClient): ClientState {
  const state: ClientState = { entry: undefined, dirty: false, configured: false, cancelling: undefined };
  Object.defineProperty(client, key, { value: state });
  return state;
}

export const stateOf = (client: PoolClient): ClientState | undefined => (client as Marked)[key];
