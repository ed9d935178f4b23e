import type pg from 'pg';
import { expect, vi } from 'vitest';
import { outside, pgPool, pidOf, postgresTest } from './support/postgres.js';

// pg-pool hands the open transaction to the next holder.
postgresTest('an open transaction is rolled back before the next holder gets the connection', async () => {
  const pool = pgPool({ max: 1 });
  await pool.query('CREATE TABLE bleeding (id int)');
  const client = await pool.connect();
  const pid = await pidOf(client);
  await client.query('BEGIN');
  await client.query('INSERT INTO bleeding VALUES (1)');
  client.release();
  expect(await pidOf(pool)).toBe(pid);
  expect((await pool.query('SELECT count(*)::int AS rows FROM bleeding')).rows).toEqual([{ rows: 0 }]);
  expect((await pool.query('SELECT pg_current_xact_id_if_assigned() AS id')).rows).toEqual([{ id: null }]);
});

// pg-pool: "current transaction is aborted" for somebody who did nothing wrong.
postgresTest(
  'an aborted transaction never reaches the next holder, not even one aborted by the last statement',
  async () => {
    const pool = pgPool({ max: 1 });
    const pid = await pidOf(pool);
    for (const leave of [
      ['BEGIN', 'SELECT nonsense'],
      // One message: the client learns of the transaction after the error.
      ['BEGIN; SELECT 1/0'],
      ['BEGIN; SELECT 1', 'SELECT 1/0', 'SELECT 1'],
    ]) {
      const client = await pool.connect();
      for (const statement of leave) await client.query(statement).catch(() => {});
      client.release();
      expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    }
    await pool.query('BEGIN; SELECT 1/0').catch(() => {});
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await pool.query('BEGIN');
    expect((await pool.query('SELECT pg_current_xact_id_if_assigned() AS id')).rows).toEqual([{ id: null }]);
    expect(await pidOf(pool)).toBe(pid);
  },
);

postgresTest('statements that nobody awaited end before the next holder gets the connection', async () => {
  const pool = pgPool({ max: 1 });
  const client = await pool.connect();
  const forgotten = [client.query('BEGIN'), client.query('SELECT pg_sleep(0.1)')];
  client.release();
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await Promise.all(forgotten);
  expect(pool.stats().created).toBe(1);
});

postgresTest('a connection that does not come to rest within checkTimeoutMs is given up', async () => {
  const pool = pgPool({ max: 1, checkTimeoutMs: 100 });
  const client = await pool.connect();
  const endless = client.query('SELECT pg_sleep(30)').catch((error: Error) => error.message);
  client.release();
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  expect(await endless).toContain('Connection terminated');
});

postgresTest('loans that end in the middle of something leave no listeners on their connection', async () => {
  const pool = pgPool({ max: 1 });
  const listeners = (client: pg.PoolClient) => client.eventNames().map((name) => client.listenerCount(name));
  const first = await pool.connect();
  const atFirst = listeners(first);
  first.release();
  for (let round = 0; round < 15; round++) {
    const client = await pool.connect();
    expect(client).toBe(first);
    client.query('SELECT pg_sleep(0.001)').catch(() => {});
    client.release();
    await expect(pool.query({ text: 'SELECT pg_sleep(20)', timeoutMs: 5 })).rejects.toThrow('Query read');
  }
  const last = await pool.connect();
  expect(listeners(last)).toEqual(atFirst);
  last.release();
});

postgresTest('transaction commits, and rolls back when the function throws', async () => {
  const pool = pgPool({ max: 2 });
  await pool.query('CREATE TABLE accounts (id int PRIMARY KEY, balance int)');
  expect(
    await pool.transaction(async (client) => {
      await client.query('INSERT INTO accounts VALUES (1, 100)');
      return 'done';
    }),
  ).toBe('done');
  const mistake = new Error('changed my mind');
  await expect(
    pool.transaction(async (client) => {
      await client.query('UPDATE accounts SET balance = 0');
      throw mistake;
    }),
  ).rejects.toBe(mistake);
  expect((await pool.query('SELECT balance FROM accounts')).rows).toEqual([{ balance: 100 }]);
  expect(pool.stats().destroyed).toBe(0);
});

postgresTest('a transaction whose failed statement was swallowed does not pass for committed', async () => {
  const pool = pgPool();
  await expect(
    pool.transaction(async (client) => {
      await client.query('SELECT 1/0').catch(() => {});
    }),
  ).rejects.toMatchObject({ code: 'ERR_TRANSACTION_ROLLED_BACK' });
});

postgresTest('serialization failures and deadlocks are tried again, so often and no more', async () => {
  const pool = pgPool({ max: 4 });
  await pool.query('CREATE TABLE counters (id int PRIMARY KEY, value int)');
  await pool.query('INSERT INTO counters VALUES (1, 0)');
  let runs = 0;
  // All four have read before one of them writes: three must fail.
  let read = 0;
  let everybodyHasRead = (): void => {};
  const barrier = new Promise<void>((resolve) => {
    everybodyHasRead = resolve;
  });
  const increment = () =>
    pool.transaction(
      async (client) => {
        runs += 1;
        const { rows } = await client.query('SELECT value FROM counters WHERE id = 1');
        read += 1;
        if (read === 4) everybodyHasRead();
        await barrier;
        await client.query('UPDATE counters SET value = $1 WHERE id = 1', [rows[0].value + 1]);
      },
      { isolation: 'serializable', retries: 50 },
    );
  await Promise.all([increment(), increment(), increment(), increment()]);
  expect((await pool.query('SELECT value FROM counters')).rows).toEqual([{ value: 4 }]);
  expect(runs).toBeGreaterThanOrEqual(7);
  let tries = 0;
  await expect(
    pool.transaction(
      () => {
        tries += 1;
        throw Object.assign(new Error('again'), { code: '40001', severity: 'ERROR' });
      },
      { retries: 1 },
    ),
  ).rejects.toThrow('again');
  expect(tries).toBe(2);
});

postgresTest('an aborted transaction rejects at once, commits nothing and costs one connection', async () => {
  const pool = pgPool({ max: 1 });
  await pool.query('CREATE TABLE abandoned (id int)');
  const controller = new AbortController();
  const reason = new Error('the visitor left');
  const running = pool.transaction(
    async (client) => {
      await client.query('INSERT INTO abandoned VALUES (1)');
      setTimeout(() => controller.abort(reason), 10);
      await client.query('SELECT pg_sleep(5)');
    },
    { signal: controller.signal },
  );
  await expect(running).rejects.toBe(reason);
  expect((await pool.query('SELECT count(*)::int AS rows FROM abandoned')).rows).toEqual([{ rows: 0 }]);
  const waiting = pool.transaction(async () => 'never', { signal: controller.signal });
  await expect(waiting).rejects.toBe(reason);
});

// pg-pool strands the waiter for ever, also after `ended`.
postgresTest('end settles those who wait, and ends when the holders are done', async () => {
  const pool = pgPool({ max: 2, application_name: 'ending' });
  const clients = await Promise.all([pool.connect(), pool.connect()]);
  const waiting = pool.query('SELECT 1');
  const ended = pool.end();
  await expect(waiting).rejects.toThrow('Cannot use a pool after calling end on the pool');
  expect(pool).toMatchObject({ ending: true, ended: false });
  for (const client of clients) client.release();
  await ended;
  expect(pool).toMatchObject({ ended: true, totalCount: 0, waitingCount: 0 });
  const others = "SELECT count(*)::int AS others FROM pg_stat_activity WHERE application_name = 'ending'";
  // A backend is listed for a moment after its client has gone.
  await outside((client) =>
    vi.waitUntil(async () => (await client.query(others)).rows[0].others === 0, { timeout: 30_000 }),
  );
});

postgresTest('end takes back what a leak would hold for ever', async () => {
  const pool = pgPool({ max: 1, drainTimeoutMs: 50 });
  const leaked = await pool.connect();
  await pool.end();
  expect(pool.totalCount).toBe(0);
  expect(() => leaked.release()).not.toThrow();
});
