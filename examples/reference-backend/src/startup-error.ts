// Why the backend could not start, in one message that says what to do. No stack: it would bury the sentence.
import pg from 'pg';
import { type Config, withoutCredentials } from './config/config.js';
import { ConfigError } from './config/config-problem.js';
import { DatabaseStartError, MigrationError } from './database/migrate.js';

export function explainStartupError(error: unknown, config: Config | undefined): string {
  if (error instanceof ConfigError || config === undefined) return messageOf(error);
  const cause = rootCause(error);
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === '53100') {
    return 'The disk is full. Free some space where Postgres keeps its data and where the logs go, then start again.';
  }
  const fallback = `The backend could not start: ${messageOf(cause)}`;
  // Only what happened while the database was opened is laid at its door.
  if (error instanceof DatabaseStartError) return explainPostgres(cause, config) ?? fallback;
  if (error instanceof MigrationError) {
    const postgres = explainPostgres(cause, config);
    return postgres && cause !== error ? `${error.message}\n${postgres}` : error.message;
  }
  return explainListening(cause as NodeJS.ErrnoException, config) ?? fallback;
}

function explainListening(
  { code, syscall }: NodeJS.ErrnoException,
  { host, port }: Config,
): string | undefined {
  if (syscall === 'getaddrinfo') {
    return `HOST=${host} is a name that nobody knows (${code}). 127.0.0.1 and 0.0.0.0 always work.`;
  }
  const hints: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is taken. Stop what is using it, or set PORT to another one (0 takes any free one).`,
    EACCES: `Port ${port} may not be opened by this user. Set PORT to 1024 or above.`,
    EADDRNOTAVAIL: `HOST=${host} is no address of this machine. 127.0.0.1 and 0.0.0.0 always are.`,
  };
  return syscall === 'listen' ? hints[code ?? ''] : undefined;
}

function explainPostgres(cause: unknown, { databaseUrl }: Config): string | undefined {
  const where = withoutCredentials(databaseUrl);
  if (cause instanceof pg.DatabaseError) return explainRefusal(cause, where, databaseUrl);
  // A mistake of ours, wherever it happens.
  if (cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError) return;
  const { code } = cause as NodeJS.ErrnoException;
  const reason = code ?? messageOf(cause);
  return `Postgres cannot be reached at ${where} (${reason}). Start it, or correct DATABASE_URL.`;
}

function explainRefusal(
  { code, message }: pg.DatabaseError,
  where: string,
  databaseUrl: string,
): string | undefined {
  const { username, pathname } = new URL(databaseUrl);
  const hints: Record<string, string> = {
    '28P01': `Postgres at ${where} refuses the password of user "${username}". Correct DATABASE_URL.`,
    '28000': `Postgres at ${where} does not let user "${username}" in. Correct DATABASE_URL, or allow it in pg_hba.conf.`,
    '3D000': `There is no database "${pathname.slice(1)}" at ${where}. Create it (createdb), or correct DATABASE_URL.`,
    '42501': `User "${username}" may not do this at ${where}. Grant it CREATE on the database and on the schema public.`,
    '53300': `Postgres at ${where} has no connection left. Lower DATABASE_POOL_MAX, or raise max_connections.`,
    '55P03':
      'Another instance has been holding the lock on the migrations for a minute. Wait for it, or stop it.',
    '57P03': `Postgres at ${where} is still starting up or going down. Try again in a moment.`,
  };
  return hints[code ?? ''] ?? (code?.startsWith('42') ? undefined : `Postgres at ${where} says: ${message}`);
}

/** Wrappers (the pool's, a migration's) keep what really happened as their cause; Node hides it in a list at times. */
function rootCause(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootCause(error.errors[0]);
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? error : rootCause(cause);
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
