import { invalidOption, option, readOptions } from '@mainstay/core';
import type { PgPoolOptions } from './pg-options.js';

/** Of PgPool, and of pg as far as its types go. */
const typed = {
  ...{ acquireTimeoutMs: 1, allowExitOnIdle: 1, application_name: 1, checkTimeoutMs: 1, Client: 1 },
  ...{ client_encoding: 1, clock: 1, compat: 1, connectionString: 1, connectionTimeoutMillis: 1 },
  ...{ createTimeoutMs: 1, database: 1, detectDeadlocks: 1, drainTimeoutMs: 1, enableChannelBinding: 1 },
  ...{ fallback_application_name: 1, host: 1, idle_in_transaction_session_timeout: 1, idleTimeoutMillis: 1 },
  ...{ idleTimeoutMs: 1, keepAlive: 1, keepAliveInitialDelayMillis: 1, keepaliveMs: 1, leakAfterMs: 1 },
  ...{ lock_timeout: 1, log: 1, max: 1, maxConnecting: 1, maxLifetimeMs: 1, maxLifetimeSeconds: 1 },
  ...{ maxQueued: 1, maxUses: 1, min: 1, name: 1, onConnect: 1, options: 1, overflow: 1, password: 1 },
  ...{ pipeline: 1, poolSize: 1, port: 1, profile: 1, Promise: 1, query_timeout: 1, queryTimeoutMs: 1 },
  ...{ repeatedQueries: 1, sessionReset: 1, slowQueries: 1, ssl: 1, sslnegotiation: 1 },
  ...{ statement_timeout: 1, stream: 1, types: 1, user: 1, validateAfterIdleMs: 1, verify: 1 },
} satisfies Record<keyof PgPoolOptions, 1>;

/** What pg reads and its types leave out, and those of its older versions. */
const untyped = [
  ...['binary', 'connect_timeout', 'connection', 'isDomainSocket', 'keepalives', 'keepalives_idle', 'native'],
  ...['parseInputDatesAsUTC', 'parseInt8', 'poolIdleTimeout', 'reapIntervalMillis', 'replication', 'rows'],
  ...['scramMaxIterations', 'sslcert', 'sslkey', 'sslmode', 'sslNegotiation', 'sslrootcert'],
];

const known = new Set([...Object.keys(typed), ...untyped]);

/** Shorter ones are near to each other by chance (`type`, `types`), and `client` is Knex's. */
const SHORTEST = 6;
const fields = Object.fromEntries(
  [...known]
    .filter((name) => name.length >= SHORTEST && name !== 'Client')
    .map((name) => [name, option.boolean({ optional: true })]),
);

const functions = ['Client', 'Promise', 'onConnect', 'verify', 'log'] as const;
const times = [
  'idleTimeoutMillis',
  'connectionTimeoutMillis',
  'maxLifetimeSeconds',
  'query_timeout',
] as const;

/**
 * Values that pg.Pool fails with later, by their own names.
 * @throws TypeError, RangeError
 */
export function refuseUseless(received: PgPoolOptions): void {
  for (const name of functions) {
    const value: unknown = received[name];
    if (value && typeof value !== 'function')
      throw invalidOption('PgPool', name, 'must be a function', value);
  }
  for (const name of times) {
    const value: unknown = received[name];
    // Each of these means no limit in pg; it takes numbers as text, too.
    if (value === undefined || value === null || value === false || value === '') continue;
    const isNumber = typeof value === 'number' || (typeof value === 'string' && !Number.isNaN(Number(value)));
    if (isNumber && Number(value) >= 0) continue;
    throw invalidOption('PgPool', name, 'must be a number from 0', value, isNumber ? 'range' : 'type');
  }
}

/**
 * pg.Pool hands every option on to the client, which may be the user's own and have options of its own. So a name that nobody
 * knows is no error; one that looks like a slip of the pen is a warning of the process (`MAINSTAY_OPTION`).
 */
export function warnOfSlips(received: PgPoolOptions): void {
  if (received.Client) return;
  for (const [name, value] of Object.entries(received)) {
    if (known.has(name) || name.length < SHORTEST || value === undefined) continue;
    const advice = adviceOn(name);
    if (advice === undefined) continue;
    process.emitWarning(advice, { type: 'MainstayWarning', code: 'MAINSTAY_OPTION' });
  }
}

/** In the words of the other packages, which refuse such names. */
function adviceOn(name: string): string | undefined {
  try {
    readOptions('PgPool', { [name]: true }, fields);
  } catch (error) {
    if (error instanceof TypeError && error.message.includes('did you mean')) return error.message;
  }
  return undefined;
}
