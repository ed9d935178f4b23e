// Brings the schema up to date. Safe to run from any number of instances at once, and again and again.
import { createHash } from 'node:crypto';
import pg, { type ClientBase } from 'pg';

export interface Migration {
  id: number;
  name: string;
  sql: string;
}

export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** Postgres was not there, or did not let us in: what went wrong is the cause. */
export class DatabaseStartError extends Error {
  override readonly name = 'DatabaseStartError';
}

/** Any number, as long as every instance of this service uses the same. */
const advisoryLock = 7_236_401_552;
const lockTimeoutMs = 60_000;
const connectTimeoutMs = 5_000;

const checksumOf = ({ sql }: Migration) => createHash('sha256').update(sql).digest('hex');

/** Over a connection of its own: a migration may take longer than any query of the service. */
export async function migrateDatabase(url: string, migrations: readonly Migration[]): Promise<string[]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    lock_timeout: lockTimeoutMs,
  });
  // A connection that breaks also fails the query that is under way, and that is where it is told.
  client.on('error', () => {});
  try {
    await client.connect();
    return await migrate(client, migrations);
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    throw new DatabaseStartError('The schema could not be brought up to date', { cause: error });
  } finally {
    await client.end();
  }
}

/** Runs what is missing, each migration in its own transaction. Resolves to the names of those that ran. */
export async function migrate(client: ClientBase, migrations: readonly Migration[]): Promise<string[]> {
  await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
  try {
    const applied = await appliedMigrations(client);
    const missing = migrations.filter((migration) => !isApplied(migration, applied));
    for (const migration of missing) await apply(client, migration);
    return missing.map(({ name }) => name);
  } finally {
    // Where this fails the connection is broken, and the lock went with it.
    await client.query('SELECT pg_advisory_unlock($1)', [advisoryLock]).catch(() => {});
  }
}

async function appliedMigrations(client: ClientBase): Promise<Map<number, string>> {
  await client.query(`
    CREATE TABLE IF NOT EXISTS migrations (
      id          integer PRIMARY KEY,
      name        text NOT NULL,
      checksum    text NOT NULL,
      applied_at  timestamptz NOT NULL DEFAULT now()
    )`);
  const { rows } = await client.query<{ id: number; checksum: string }>(
    'SELECT id, checksum FROM migrations',
  );
  return new Map(rows.map(({ id, checksum }) => [id, checksum]));
}

function isApplied(migration: Migration, applied: Map<number, string>): boolean {
  const checksum = applied.get(migration.id);
  if (checksum === undefined) return false;
  if (checksum === checksumOf(migration)) return true;
  throw new MigrationError(
    `Migration ${migration.id} "${migration.name}" was edited after it had run on this database. ` +
      'Restore its text and add a new migration instead.',
  );
}

async function apply(client: ClientBase, migration: Migration): Promise<void> {
  const { id, name, sql } = migration;
  try {
    await client.query('BEGIN');
    await client.query(sql);
    await client.query('INSERT INTO migrations (id, name, checksum) VALUES ($1, $2, $3)', [
      id,
      name,
      checksumOf(migration),
    ]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw new MigrationError(`Migration ${id} "${name}" failed: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
