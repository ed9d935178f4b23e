import { type Generated, Kysely, PostgresDialect, sql } from 'kysely';
import Cursor from 'pg-cursor';
import { expect } from 'vitest';
import { pgPool, postgresTest } from './support/postgres.js';

interface Schema {
  people: { id: Generated<number>; name: string };
}

postgresTest(
  'Kysely: statements, transactions, streams, onCreateConnection once a connection, destroy',
  async () => {
    const pool = pgPool({ max: 2 });
    const connections: unknown[] = [];
    const onCreateConnection = async (connection: unknown) => void connections.push(connection);
    const db = new Kysely<Schema>({
      dialect: new PostgresDialect({ pool, cursor: Cursor, onCreateConnection }),
    });
    await db.schema
      .createTable('people')
      .addColumn('id', 'serial', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .execute();
    await db
      .insertInto('people')
      .values([{ name: 'ada' }, { name: 'grace' }])
      .execute();
    const undone = db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('people').execute();
      throw new Error('changed my mind');
    });
    await expect(undone).rejects.toThrow('changed my mind');
    expect(await db.selectFrom('people').select('name').orderBy('id').execute()).toEqual([
      { name: 'ada' },
      { name: 'grace' },
    ]);
    const streamed: string[] = [];
    for await (const { name } of db.selectFrom('people').select('name').orderBy('id').stream(1))
      streamed.push(name);
    expect(streamed).toEqual(['ada', 'grace']);
    await expect(sql`SELECT nonsense`.execute(db)).rejects.toMatchObject({ code: '42703' });
    await expect
      .poll(() => pool.stats())
      .toMatchObject({ inUse: 0, destroyed: 0, created: connections.length });
    await db.destroy();
    expect(pool.ended).toBe(true);
  },
);
