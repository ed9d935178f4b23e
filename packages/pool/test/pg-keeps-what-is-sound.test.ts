import type pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import { outside, pgPool, pidOf, postgresTest, terminateAll } from './support/postgres.js';

/** Everything that would have ended the process. */
function uncaught(): unknown[] {
  const errors: unknown[] = [];
  const note = (error: unknown) => errors.push(error);
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  onTestFinished(() => {
    process.off('uncaughtException', note);
    process.off('unhandledRejection', note);
  });
  return errors;
}

// pg-pool opens one connection per failing statement.
postgresTest('failing statements cost no connection', async () => {
  const pool = pgPool({ max: 4 });
  await pool.query('CREATE TABLE sound (id int PRIMARY KEY)');
  await pool.query('INSERT INTO sound VALUES (1)');
  const statements = Array.from({ length: 200 }, (_, index) =>
    pool.query(index % 2 === 0 ? 'INSERT INTO sound VALUES (1)' : 'SELECT 1').then(
      () => 'done',
      (error: { code: string }) => error.code,
    ),
  );
  const results = await Promise.all(statements);
  expect(results.filter((result) => result === '23505')).toHaveLength(100);
  expect(results.filter((result) => result === 'done')).toHaveLength(100);
  // Never one more than max; how many of them were needed is the machine's affair.
  expect(pool.stats().destroyed).toBe(0);
  expect(pool.stats().created).toBeLessThanOrEqual(4);
});

postgresTest(
  'release(error) keeps the connection after a refused statement and drops it for anything else',
  async () => {
    const pool = pgPool({ max: 1 });
    const client = await pool.connect();
    const first = await pidOf(client);
    const error = await client.query('SELECT nonsense').catch((reason: Error) => reason);
    client.release(error as Error);
    expect(await pidOf(pool)).toBe(first);
    (await pool.connect()).release(new Error('mine'));
    const second = await pidOf(pool);
    expect(second).not.toBe(first);
    (await pool.connect()).release(true);
    expect(await pidOf(pool)).not.toBe(second);
  },
);

// pg keeps the statement as prepared on both sides; every further use of its name would fail on this connection.
postgresTest('a stale prepared statement costs the connection, so that the next try works', async () => {
  const pool = pgPool({ max: 1 });
  await pool.query('CREATE TABLE plans (a int)');
  const config = { name: 'plan', text: 'SELECT * FROM plans' };
  await pool.query(config);
  await pool.query('ALTER TABLE plans ADD COLUMN b int');
  await expect(pool.query(config)).rejects.toMatchObject({ code: '0A000' });
  expect((await pool.query(config)).fields).toHaveLength(2);
});

postgresTest('a type parser that throws costs the statement and nothing else', async () => {
  const pool = pgPool({ max: 1 });
  const types = {
    getTypeParser: () => () => {
      throw new Error('unreadable');
    },
  } as unknown as pg.CustomTypesConfig;
  await expect(pool.query({ text: 'SELECT 1', types })).rejects.toThrow('unreadable');
  await pool.query('SELECT 1');
  expect(pool.stats().created).toBe(1);
});

// pg-pool: an idle client that is ended is an uncaught exception without a listener, a checked-out one even with one.
postgresTest('pg_terminate_backend on all, with no listener anywhere, leaves the process alone', async () => {
  const errors = uncaught();
  const pool = pgPool({ max: 6 });
  const clients = await Promise.all(Array.from({ length: 6 }, () => pool.connect()));
  const [held, busy, ...idle] = clients as [pg.PoolClient, pg.PoolClient, ...pg.PoolClient[]];
  for (const client of idle) client.release();
  const sleeping = busy.query('SELECT pg_sleep(600)').catch((error: { code: string }) => error.code);
  const working = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'";
  await outside(async (watcher) => {
    await expect.poll(async () => (await watcher.query(working)).rows[0].n).toBe(1);
  });
  await terminateAll();
  expect(await sleeping).toBe('57P01');
  await expect.poll(() => pool.totalCount, { timeout: 15_000 }).toBe(2);
  expect(pool.idleCount).toBe(0);
  await expect(held.query('SELECT 1')).rejects.toThrow();
  held.release();
  busy.release();
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  expect(pool.totalCount).toBe(1);
  expect(errors).toEqual([]);
});

postgresTest('a pool with a listener hears of idle and of held connections that end, once each', async () => {
  const errors = uncaught();
  const pool = pgPool({ max: 2 });
  const heard: unknown[] = [];
  pool.on('error', (error, client) => heard.push((error as { code?: string }).code, client));
  const [held, idle] = await Promise.all([pool.connect(), pool.connect()]);
  idle.release();
  await terminateAll();
  await expect.poll(() => heard.length, { timeout: 15_000 }).toBeGreaterThanOrEqual(4);
  expect(heard.filter((entry) => entry === '57P01')).toHaveLength(2);
  expect(heard).toEqual(expect.arrayContaining([held, idle]));
  held.release();
  expect(errors).toEqual([]);
});
