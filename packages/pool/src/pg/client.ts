import type { PoolClient } from 'pg';

/** What of pg's client is looked at beyond its documented face; every field may be missing (pg-native, older versions). */
interface Innards {
  connection?: {
    stream?: { destroy?: () => void };
    on?: (event: string, listener: (message: unknown) => void) => void;
  };
  readyForQuery?: boolean;
  getTransactionStatus?: () => string | null;
  _activeQuery?: unknown;
  _queryQueue?: readonly unknown[];
  _sentQueryQueue?: readonly unknown[];
  _queryable?: boolean;
  _ending?: boolean;
}

const innards = (client: PoolClient): Innards => client as unknown as Innards;

/** No statement is under way or queued, so that the transaction status is the present one. */
export function isQuiet(client: PoolClient): boolean {
  const { readyForQuery, _activeQuery, _queryQueue, _sentQueryQueue } = innards(client);
  return (
    readyForQuery !== false &&
    !_activeQuery &&
    (_queryQueue === undefined || _queryQueue.length === 0) &&
    (_sentQueryQueue === undefined || _sentQueryQueue.length === 0)
  );
}

/** Neither lost nor being closed. */
export function isUsable(client: PoolClient): boolean {
  const { _queryable, _ending } = innards(client);
  return _queryable !== false && _ending !== true;
}

const noted = new WeakMap<PoolClient, string>();

/** Older versions of pg do not tell the transaction status: it is noted from the messages. */
export function watchTransactionStatus(client: PoolClient): void {
  const { getTransactionStatus, connection } = innards(client);
  if (typeof getTransactionStatus === 'function') return;
  connection?.on?.('readyForQuery', (message) => {
    const { status } = (message ?? {}) as { status?: unknown };
    if (typeof status === 'string') noted.set(client, status);
  });
}

/** In a transaction, be it a sound one ('T') or an aborted one ('E'), as of the last statement that ended. */
export function isInTransaction(client: PoolClient): boolean {
  const status = innards(client).getTransactionStatus?.() ?? noted.get(client);
  return status === 'T' || status === 'E';
}

/** Cuts the socket without a word. */
export function cut(client: PoolClient): void {
  const { stream } = innards(client).connection ?? {};
  if (stream?.destroy !== undefined) stream.destroy();
  else void Promise.resolve(client.end()).catch(() => {});
}

/** Whether the process stays alive for this connection. */
export function keepAlive(client: PoolClient, wanted: boolean): void {
  const { ref, unref } = client as { ref?: () => void; unref?: () => void };
  (wanted ? ref : unref)?.call(client);
}
