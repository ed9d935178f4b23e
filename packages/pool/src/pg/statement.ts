import { option, readOptions } from '@mainstay/core';
import type {
  PoolClient,
  QueryArrayConfig,
  QueryArrayResult,
  QueryConfig,
  QueryConfigValues,
  QueryResult,
  QueryResultRow,
} from 'pg';
import type { Callback } from './query.js';

/** What a statement's config may hold beside pg's own fields. */
export interface StatementLimits {
  /** Ends the statement on the server when it is aborted; the promise rejects with its reason at once. */
  signal?: AbortSignal | undefined;
  /** Instead of the pool's `queryTimeoutMs`; 0: no limit. */
  timeoutMs?: number | undefined;
}

/** A client of a PgPool: its statements take limits of their own. */
export type PgClient = PoolClient & {
  // biome-ignore lint/suspicious/noExplicitAny: the same default as in pg's types
  query<R extends unknown[] = any[], I = unknown[]>(
    config: QueryArrayConfig<I> & StatementLimits,
    values?: QueryConfigValues<I>,
  ): Promise<QueryArrayResult<R>>;
  // biome-ignore lint/suspicious/noExplicitAny: the same default as in pg's types
  query<R extends QueryResultRow = any, I = unknown[]>(
    config: QueryConfig<I> & StatementLimits,
    values?: QueryConfigValues<I>,
  ): Promise<QueryResult<R>>;
};

/** A statement as it came, brought into one form. */
export interface Statement {
  text: string;
  values: readonly unknown[] | undefined;
  /** What pg is given. */
  query: object;
  callback: Callback | undefined;
}

/** The statement's own limit in milliseconds; pg's name of it works too. */
export function ownTimeout(query: object): number | undefined {
  const { timeoutMs, query_timeout } = query as { timeoutMs?: unknown; query_timeout?: unknown };
  if (timeoutMs !== undefined && query_timeout !== undefined) {
    throw new TypeError(
      'PgPool: options "timeoutMs" and "query_timeout" mean the same thing: give one of them',
    );
  }
  if (timeoutMs === undefined) return query_timeout === undefined ? undefined : Number(query_timeout) || 0;
  return readOptions('PgPool.query', { timeoutMs }, { timeoutMs: option.milliseconds({ min: 0 }) }).timeoutMs;
}

/** Text or config, values, callback, as pg takes them. pg writes into the config it is given: this one is a copy. */
export function readStatement(received: string | object, second: unknown, third: unknown): Statement {
  const callback = (typeof second === 'function' ? second : third) as Callback | undefined;
  const config = (typeof received === 'string' ? { text: received } : received) as Record<string, unknown>;
  const values = second && typeof second !== 'function' ? second : config.values;
  const query: Record<string, unknown> = {
    ...config,
    // Libraries that build statements define these as accessors.
    text: config.text,
    name: config.name,
    values,
    callback: undefined,
    signal: undefined,
    timeoutMs: undefined,
    query_timeout: 0,
  };
  return {
    text: typeof config.text === 'string' ? config.text : '',
    values: Array.isArray(values) ? values : undefined,
    query,
    callback: callback ?? (config.callback as Callback | undefined),
  };
}
