import { toTarn } from '@mainstay/pool/pg';
import knex, { type Knex } from 'knex';
import { expect } from 'vitest';
import { pgPool, postgresTest } from './support/postgres.js';

postgresTest('Knex: toTarn() as `connectionPool`, and the pool itself, too', async () => {
  const pool = pgPool({ max: 2 });
  for (const connectionPool of [toTarn(pool), pool]) {
    const db = knex({ client: 'pg', connectionPool } as Knex.Config);
    await db.schema.createTable('rivers', (table) => {
      table.increments('id');
      table.text('name');
    });
    await db('rivers').insert([{ name: 'Po' }, { name: 'Arno' }]);
    const undone = db.transaction(async (transaction) => {
      await transaction('rivers').delete();
      throw new Error('changed my mind');
    });
    await expect(undone).rejects.toThrow('changed my mind');
    expect(await db('rivers').orderBy('id').pluck('name')).toEqual(['Po', 'Arno']);
    await expect(db.raw('SELECT nonsense')).rejects.toMatchObject({ code: '42703' });
    await db.schema.dropTable('rivers');
    await db.destroy();
    expect(pool.ending).toBe(false);
    await expect.poll(() => pool.stats()).toMatchObject({ inUse: 0, destroyed: 0 });
  }
});
