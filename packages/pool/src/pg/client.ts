import type { PoolClient } from 'pg';

/** What of pg's client is looked at beyond its documented face; every field may be missing (pg-native, older versions). */
interface Innards {
  connection?: {
    stream?: { destroy?: () => void };
    on?: (event: string, listener: (message: unknown) => void) => void;
    parsedStatements?: object;
    submittedNamedStatements?: object;
  };
  connectionParameters?: { query_timeout?: unknown };
  readyForQuery?: boolean;
  getTransactionStatus?: () => string | null;
  _activeQuery?: QueryInnards | null;
  _queryQueue?: QueryInnards[];
  _sentQueryQueue?: readonly QueryInnards[];
  _pulseQueryQueue?: () => void;
  _queryable?: boolean;
  _ending?: boolean;
  _txStatus?: unknown;
}

/** pg's record of a statement. */
export interface QueryInnards {
  text?: unknown;
  cursor?: { text?: unknown };
  handleError?: (error: unknown, connection: unknown) => void;
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

/** At rest, usable and in no transaction, by the fields of pg 8.23 alone. False: it has to be looked at more closely. */
export function isPristine(client: PoolClient): boolean {
  const { _txStatus, readyForQuery, _activeQuery, _queryable, _ending, _queryQueue, _sentQueryQueue } =
    innards(client);
  return (
    _txStatus === 'I' &&
    readyForQuery === true &&
    !_activeQuery &&
    _queryable === true &&
    _ending === false &&
    _queryQueue?.length === 0 &&
    _sentQueryQueue?.length === 0
  );
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

/** In none, and the driver says so. */
export const isOutsideTransaction = (client: PoolClient): boolean =>
  (innards(client).getTransactionStatus?.() ?? noted.get(client)) === 'I';

/** Calls back for a message of the server; nothing where the driver does not show them (pg-native). */
export function onMessage(client: PoolClient, name: string, listener: (message: unknown) => void): void {
  innards(client).connection?.on?.(name, listener);
}

/** The statement that the server is working on. */
export const activeQuery = (client: PoolClient): QueryInnards | undefined =>
  innards(client)._activeQuery ?? undefined;

export function activeText(client: PoolClient): string | undefined {
  const query = innards(client)._activeQuery;
  const text = query?.text ?? query?.cursor?.text;
  return typeof text === 'string' ? text : undefined;
}

/** The statement that was handed to the client last, to be called right after that. */
export function newestQuery(client: PoolClient): QueryInnards | undefined {
  const { _queryQueue, _sentQueryQueue, _activeQuery } = innards(client);
  return _queryQueue?.at(-1) ?? _sentQueryQueue?.at(-1) ?? _activeQuery ?? undefined;
}

/** Takes a statement back that has not been sent. False: it is on its way, or over. */
export function unqueue(client: PoolClient, query: QueryInnards): boolean {
  const queue = innards(client)._queryQueue;
  const index = queue?.indexOf(query) ?? -1;
  if (index !== -1) queue?.splice(index, 1);
  return index !== -1;
}

/** Takes all statements back that have not been sent. Returns what puts them to work again, or fails them on a lost client. */
export function holdQueue(client: PoolClient): () => void {
  const { _queryQueue: queue, connection } = innards(client);
  const held = queue?.splice(0) ?? [];
  return () => {
    if (held.length === 0) return;
    if (isUsable(client)) {
      queue?.unshift(...held);
      innards(client)._pulseQueryQueue?.();
      return;
    }
    const error = new Error('Connection terminated');
    for (const query of held) process.nextTick(() => query.handleError?.(error, connection));
  };
}

/** The server has forgotten its prepared statements (DISCARD ALL): so must the driver, or it would use their names. */
export function forgetPreparedStatements(client: PoolClient): void {
  const { connection } = innards(client);
  if (connection === undefined) return;
  connection.parsedStatements = {};
  connection.submittedNamedStatements = {};
}

/** Takes pg's `query_timeout` over, wherever it was set (options, connection string, defaults). 0: none. */
export function takeQueryTimeout(client: PoolClient): number {
  const { connectionParameters } = innards(client);
  const timeout = Number(connectionParameters?.query_timeout);
  if (connectionParameters === undefined || !(timeout > 0)) return 0;
  connectionParameters.query_timeout = false;
  return timeout;
}

/** Cuts the socket without a word. */
export function cut(client: PoolClient): void {
  const { stream } = innards(client).connection ?? {};
  if (stream?.destroy !== undefined) stream.destroy();
  else if (typeof client.end === 'function') void Promise.resolve(client.end()).catch(() => {});
}

/** Until it has no statement left to wait for. False: it has ended. */
export const drained = (client: PoolClient): Promise<boolean> =>
  new Promise((resolve) => {
    const atRest = (): void => settle(true);
    const ended = (): void => settle(false);
    const settle = (sound: boolean): void => {
      // Neither listener stays: a connection lives for thousands of loans.
      client.removeListener('drain', atRest);
      client.removeListener('end', ended);
      resolve(sound);
    };
    client.on('drain', atRest);
    client.on('end', ended);
  });

/** Whether the process stays alive for this connection. */
export function keepAlive(client: PoolClient, wanted: boolean): void {
  const { ref, unref } = client as { ref?: () => void; unref?: () => void };
  (wanted ? ref : unref)?.call(client);
}
