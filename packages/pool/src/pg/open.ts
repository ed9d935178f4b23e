import { type Clock, deadlinesOf, onAbort } from '@mainstay/core';
import type { PoolClient, PoolConfig } from 'pg';
import type { CreateContext } from '../options.js';
import { cut, drained, isQuiet, isUsable, watchTransactionStatus } from './client.js';
import { remember } from './client-state.js';
import { watchSession } from './session-state.js';
import type { Statements } from './statements.js';

/** How long the server may take to answer a goodbye before the socket is cut. */
const GOODBYE_MS = 1_000;

export interface OpenOptions {
  Client: new (config: PoolConfig) => PoolClient;
  config: PoolConfig;
  /** Always heard, from before the connect to the end: nothing that happens to a connection ends the process. */
  onError: (error: Error, client: PoolClient) => void;
  /** Lets listeners of `connect` have their turn; whether there are any. */
  announce: (client: PoolClient) => boolean;
  /** Undefined: the client's own `query` is left alone. */
  statements: Statements | undefined;
}

/** Connects and runs the hooks: `onConnect`, `verify`, listeners of `connect`. @throws whatever went wrong; the socket is closed then */
export async function open(
  { Client, config, onError, announce, statements }: OpenOptions,
  context: CreateContext,
): Promise<PoolClient> {
  const client = new Client(config);
  let opened = false;
  client.on('error', (error: Error) => {
    context.lost(error);
    // The first one is the news; while connecting, the caller gets it.
    if (opened) onError(error, client);
    opened = false;
  });
  client.once('end', context.lost);
  watchTransactionStatus(client);
  const state = remember(client);
  statements?.guard(client);
  const leave = onAbort(context.signal, () => cut(client));
  try {
    await connected(client);
    watchSession(client, state);
    await config.onConnect?.(client);
    if (config.verify !== undefined) await verified(client, config.verify);
    // By now it belongs to the pool as far as errors are concerned.
    opened = true;
    // What hooks set belongs to the connection, and not to its first holder.
    if (announce(client)) await atRest(client);
    state.configured = state.dirty;
    state.dirty = false;
    return client;
  } catch (error) {
    cut(client);
    throw error;
  } finally {
    leave();
  }
}

const connected = (client: PoolClient): Promise<void> =>
  new Promise((resolve, reject) => {
    client.connect((error?: Error | null) => (error ? reject(error) : resolve()));
  });

const verified = (client: PoolClient, verify: NonNullable<PoolConfig['verify']>): Promise<void> =>
  new Promise((resolve, reject) => {
    verify(client, (error) => (error ? reject(error) : resolve()));
  });

/** Until statements that listeners sent without anybody to wait for them are through; they come first in any case. */
async function atRest(client: PoolClient): Promise<void> {
  do {
    if (!isQuiet(client)) await drained(client);
    await new Promise((resolve) => setImmediate(resolve));
  } while (!isQuiet(client) && isUsable(client));
}

/** Says goodbye, and cuts the socket when there is no answer. */
export function closeConnection(client: PoolClient, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const deadline = deadlinesOf(clock).add(GOODBYE_MS, () => cut(client), { keepAlive: false });
    client.end(() => {
      deadline.cancel();
      resolve();
    });
  });
}
