import pg from 'pg';
import { afterAll, onTestFinished, type TestFunction, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../scripts/services/index.mjs';
import { PgPool, type PgPoolOptions } from '../../src/pg.js';

let missing = '';
const database: TestDatabase | undefined = await testDatabase({ Client: pg.Client }).catch((error: Error) => {
  if ((error as { code?: unknown }).code !== 'ERR_SERVICE_MISSING') throw error;
  missing = error.message;
  return undefined;
});
afterAll(() => database?.close());

/** A test against a real server; skipped by name, with the reason, where none is to be had. */
export function postgresTest(name: string, body: TestFunction): void {
  test.skipIf(database === undefined)(database === undefined ? `${name} (${missing})` : name, body);
}

export const databaseUrl = (): string => database?.url ?? '';

/** A pool that ends with the test. */
export function pgPool(options: PgPoolOptions = {}): PgPool {
  const pool = new PgPool({ connectionString: databaseUrl(), ...options });
  onTestFinished(async () => {
    if (!pool.ending) await pool.end();
  });
  return pool;
}

/** Another pool or client of pg's own, to look at the server from outside. */
export async function outside<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Ends every other connection to the test's database, as an administrator would. */
export const terminateAll = (): Promise<unknown> =>
  outside((client) =>
    client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    ),
  );

export const pidOf = async (client: { query: pg.Pool['query'] }): Promise<number> =>
  (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
