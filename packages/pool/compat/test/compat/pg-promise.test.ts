import { PgPool } from '@mainstay/pool/pg';
import pgPromise from 'pg-promise';
import { expect } from 'vitest';
import { databaseUrl, postgresTest } from './support/postgres.js';

postgresTest('pg-promise: its `pgp.pg` is meant to be modified, and that is the adapter', async () => {
  const pgp = pgPromise();
  Object.assign(pgp, { pg: { ...pgp.pg, Pool: PgPool } });
  const db = pgp({ connectionString: databaseUrl(), max: 2 });
  const pool = db.$pool as unknown as PgPool;
  expect(pool).toBeInstanceOf(PgPool);
  await db.none('CREATE TABLE cities (name text)');
  await db.tx(async (transaction) => {
    await transaction.none('INSERT INTO cities VALUES ($1)', 'Turin');
    await transaction.tx((nested) => nested.none('SELECT nonsense')).catch(() => {});
  });
  await expect(
    db.tx(async (transaction) => {
      await transaction.none('DELETE FROM cities');
      throw new Error('changed my mind');
    }),
  ).rejects.toThrow('changed my mind');
  expect(await db.many('SELECT name FROM cities')).toEqual([{ name: 'Turin' }]);
  await expect.poll(() => pool.stats()).toMatchObject({ inUse: 0, destroyed: 0 });
  await db.$pool.end();
  expect(pool.ended).toBe(true);
});
