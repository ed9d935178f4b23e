import { isQueryTimeoutError } from './pg-errors.js';

/** Classes after which the connection, or what either side remembers of it, cannot be trusted. */
const FATAL_CLASSES = new Set([
  '08', // connection exception
  'XX', // internal error, corrupted data
]);

const FATAL_CODES = new Set([
  '57P01', // terminated by an administrator
  '57P02', // another server process crashed
  '57P03', // the server is starting up or shutting down
  '57P04', // the database was dropped
  '57P05', // terminated for being idle for too long
  '25P03', // terminated for being idle in a transaction for too long
  '25P04', // terminated because the transaction took too long
  '53300', // too many connections: comes while connecting only
  // The statements that pg remembers as prepared are not the ones that the server knows, or their plans have gone stale:
  // every further use of the name would fail on this connection, for ever.
  '0A000', // cached plan must not change result type
  '26000', // prepared statement does not exist
  '42P05', // prepared statement already exists
]);

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** A SQLSTATE of five characters, or undefined: ECONNRESET and other codes of Node are none. */
export function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code } = error as { code?: unknown };
  // EPIPE has five characters too; what comes from the server always has a severity.
  const fromServer = typeof (error as { severity?: unknown }).severity === 'string';
  return fromServer && typeof code === 'string' && SQLSTATE.test(code) ? code : undefined;
}

/**
 * Whether the connection on which this error came must be given up.
 *
 * pg.Pool gives it up after every error. A statement that the server refused with severity ERROR (a violated constraint,
 * a syntax error) says nothing against the connection, so it is kept. FATAL, PANIC, a lost connection, and any error that
 * the server did not send mean that it is given up; except our own timeout of a statement, since that was cancelled.
 * Classes: PostgreSQL, appendix A; the idea: HikariCP's `ProxyConnection`.
 */
export function breaksConnection(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === undefined) return !isQueryTimeoutError(error);
  const { severity } = error as { severity: string };
  return (
    severity === 'FATAL' ||
    severity === 'PANIC' ||
    FATAL_CODES.has(state) ||
    FATAL_CLASSES.has(state.slice(0, 2))
  );
}

/** Serialization failure or deadlock: the same transaction may succeed when it is tried again. */
export function isRetryable(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === '40001' || state === '40P01';
}
