import { PgPool, type PgPoolOptions } from '@mainstay/pool/pg';
import pg from 'pg';
import { afterAll, onTestFinished, type TestFunction, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../../../scripts/services/index.mjs';

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

/** A pool that ends with the test, if nobody has ended it. */
export function pgPool(options: PgPoolOptions = {}): PgPool {
  const pool = new PgPool({ connectionString: databaseUrl(), ...options });
  onTestFinished(async () => {
    if (!pool.ending) await pool.end();
  });
  return pool;
}
