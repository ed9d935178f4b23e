import pg from 'pg';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../scripts/services/index.mjs';
import { type Migration, MigrationError, migrate } from '../src/database/migrate.js';
import { migrations } from '../src/database/migrations/index.js';
import { testWith } from './support/parts.js';

const test = await testWith('postgres');

describe('migrations', () => {
  let keeper: TestDatabase;
  let database: TestDatabase | undefined;
  beforeAll(async () => {
    // Keeps the server between the tests; each has a database of its own.
    keeper = await testDatabase({ Client: pg.Client });
  });
  afterAll(() => keeper?.close());

  async function onEmptyDatabase(work: (connect: () => Promise<pg.Client>) => Promise<void>): Promise<void> {
    database = await testDatabase({ Client: pg.Client });
    const { url } = database;
    const clients: pg.Client[] = [];
    try {
      await work(async () => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        clients.push(client);
        return client;
      });
    } finally {
      await Promise.all(clients.map((client) => client.end()));
      await database.close();
    }
  }

  test('run in order, and not again', () =>
    onEmptyDatabase(async (connect) => {
      const client = await connect();
      expect(await migrate(client, migrations)).toEqual(['conversations', 'usage']);
      expect(await migrate(client, migrations)).toEqual([]);
      const { rows } = await client.query('SELECT id, name FROM migrations ORDER BY id');
      expect(rows).toEqual(migrations.map(({ id, name }) => ({ id, name })));
    }));

  test('run once where many instances start at the same time', () =>
    onEmptyDatabase(async (connect) => {
      const clients = await Promise.all(Array.from({ length: 6 }, connect));
      const ran = await Promise.all(clients.map((client) => migrate(client, migrations)));
      expect(ran.flat()).toEqual(['conversations', 'usage']);
    }));

  test('leave nothing of one that fails, keep those before it, and let the next instance in', () =>
    onEmptyDatabase(async (connect) => {
      const client = await connect();
      const broken: Migration = {
        id: 99,
        name: 'broken',
        sql: 'CREATE TABLE half (id integer); SELECT 1 / 0',
      };
      const error = await migrate(client, [...migrations, broken]).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(MigrationError);
      expect((error as Error).message).toBe('Migration 99 "broken" failed: division by zero');
      const other = await connect();
      expect(await migrate(other, migrations)).toEqual([]);
      const { rows } = await other.query("SELECT to_regclass('half') AS half, to_regclass('usage') AS usage");
      expect(rows).toEqual([{ half: null, usage: 'usage' }]);
    }));

  test('that were edited after they had run are refused', () =>
    onEmptyDatabase(async (connect) => {
      const client = await connect();
      await migrate(client, migrations);
      const edited = migrations.map((migration) => ({ ...migration, sql: `${migration.sql} -- better` }));
      await expect(migrate(client, edited)).rejects.toThrow(/Migration 1 "conversations" was edited/);
    }));

  test('of a newer version are left in peace by an older one', () =>
    onEmptyDatabase(async (connect) => {
      const client = await connect();
      await migrate(client, migrations);
      expect(await migrate(client, migrations.slice(0, 1))).toEqual([]);
    }));
});
