import { promisify } from 'node:util';
import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import { expect } from 'vitest';
import { pgPool, postgresTest } from './support/postgres.js';

postgresTest('connect-pg-simple: through its option `pool`', async () => {
  const pool = pgPool({ max: 2 });
  const Store = connectPgSimple(session);
  const store = new Store({ pool, createTableIfMissing: true, pruneSessionInterval: false });
  const written = { cookie: { maxAge: 60_000 }, user: 'ada' } as unknown as session.SessionData;
  await promisify(store.set.bind(store))('sid', written);
  const get = promisify(store.get.bind(store));
  expect(await get('sid')).toMatchObject({ user: 'ada' });
  await promisify(store.destroy.bind(store))('sid');
  expect(await get('sid')).toBeUndefined();
  await expect.poll(() => pool.stats()).toMatchObject({ inUse: 0, destroyed: 0 });
  store.close();
  expect(pool.ending).toBe(false);
});
