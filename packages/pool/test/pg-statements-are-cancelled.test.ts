import Cursor from 'pg-cursor';
import { expect, test, vi } from 'vitest';
import { isQueryTimeoutError, PgPool } from '../src/pg.js';
import { outside, pgPool, pidOf, postgresTest } from './support/postgres.js';

/** Statements that begin so, and that the server is working on. */
const running = (beginning: string): Promise<number> =>
  outside(async (client) => {
    const { rows } = await client.query(
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND starts_with(query, $1)",
      [beginning],
    );
    return rows[0].count;
  });

// pg-pool rejects the caller, and the statement runs on. How soon it is gone: test/faults/pg-outages-cost-little.test.ts.
postgresTest(
  'an aborted statement is rejected before it is gone from the server, and its connection is kept',
  async () => {
    const pool = pgPool({ max: 1 });
    const pid = await pidOf(pool);
    await outside(async (watcher) => {
      const controller = new AbortController();
      const reason = new Error('the visitor left');
      const statement = pool.query({
        text: 'SELECT pg_sleep($1) AS aborted',
        values: [600],
        signal: controller.signal,
      });
      statement.catch(() => {});
      const active =
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep($1) AS aborted' AND state = 'active'";
      const count = async () => (await watcher.query(active)).rows[0].count;
      await expect.poll(count, { interval: 5 }).toBe(1);
      controller.abort(reason);
      await expect(statement).rejects.toBe(reason);
      await expect.poll(count, { interval: 5, timeout: 15_000 }).toBe(0);
    });
    expect(await pidOf(pool)).toBe(pid);
    expect(pool.stats()).toMatchObject({ created: 1, destroyed: 0 });
  },
);

postgresTest('queryTimeoutMs, query_timeout and timeoutMs of a statement end it on the server', async () => {
  for (const [options, config] of [
    [{ queryTimeoutMs: 50 }, {}],
    [{ query_timeout: 50 }, {}],
    [{}, { timeoutMs: 50 }],
    [{ queryTimeoutMs: 20_000 }, { timeoutMs: 50 }],
    [{}, { query_timeout: 50 }],
  ] as const) {
    const pool = pgPool({ max: 1, ...options });
    const pid = await pidOf(pool);
    const error = await pool
      .query({ text: 'SELECT pg_sleep(20) AS too_long', ...config })
      .catch((reason: Error) => reason);
    expect(isQueryTimeoutError(error)).toBe(true);
    expect((error as Error).message).toMatch(/^Query read timeout: no answer within 50 ms/);
    expect(await pidOf(pool)).toBe(pid);
    expect(await running('SELECT pg_sleep(20) AS too_long')).toBe(0);
    expect((await pool.query({ text: 'SELECT pg_sleep(0.1)', timeoutMs: 0 })).rows).toHaveLength(1);
    await pool.end();
  }
});

postgresTest(
  'on a held client too: later statements wait for the cancel, and none of them is hit',
  async () => {
    const pool = pgPool({ max: 1, queryTimeoutMs: 30 });
    const client = await pool.connect();
    for (let round = 0; round < 20; round++) {
      const slow = client
        .query(`SELECT pg_sleep(${round % 2 === 0 ? 5 : 0.03})`)
        .catch((error: Error) => error);
      const queued = client.query({ text: 'SELECT 1 AS one', timeoutMs: 5_000 });
      await slow;
      const next = client.query({ text: 'SELECT 2 AS two', timeoutMs: 5_000 });
      expect((await queued).rows).toEqual([{ one: 1 }]);
      expect((await next).rows).toEqual([{ two: 2 }]);
    }
    client.release();
    expect(pool.stats()).toMatchObject({ created: 1, destroyed: 0 });
  },
);

postgresTest(
  'a statement that waits behind another one is taken back without a word to the server',
  async () => {
    const pool = pgPool({ max: 1 });
    const client = await pool.connect();
    const first = await outside(async (locker) => {
      await locker.query('SELECT pg_advisory_lock(7)');
      const blocked = client.query('SELECT pg_advisory_xact_lock(7), 1 AS one');
      const controller = new AbortController();
      const behind = client.query({ text: 'CREATE TABLE never_made (id int)', signal: controller.signal });
      const reason = new Error('no longer wanted');
      controller.abort(reason);
      await expect(behind).rejects.toBe(reason);
      return [blocked];
    });
    expect((await first[0])?.rows).toMatchObject([{ one: 1 }]);
    client.release();
    expect((await pool.query("SELECT to_regclass('never_made') AS made")).rows).toEqual([{ made: null }]);
  },
);

postgresTest('an aborted signal sends nothing, and leaves the queue of the pool', async () => {
  const pool = pgPool({ max: 1 });
  const reason = new Error('too late');
  const signal = AbortSignal.abort(reason);
  await expect(pool.query({ text: 'SELECT 1', signal })).rejects.toBe(reason);
  const client = await pool.connect();
  await expect(client.query({ text: 'SELECT 1', signal })).rejects.toBe(reason);
  const controller = new AbortController();
  const waiting = pool.query({ text: 'SELECT 1', signal: controller.signal });
  expect(pool.stats().waiting).toBe(1);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(pool.stats().waiting).toBe(0);
  client.release();
});

postgresTest('a cancel request that overtakes its statement is sent again', async () => {
  const pool = pgPool({ max: 1 });
  const client = await pool.connect();
  // The statement is held back on its way, so that the request comes first.
  const { stream } = (client as unknown as { connection: { stream: { cork(): void; uncork(): void } } })
    .connection;
  stream.cork();
  const statement = client.query({ text: 'SELECT pg_sleep(20)', timeoutMs: 20 });
  setTimeout(() => stream.uncork(), 60);
  await expect(statement).rejects.toMatchObject({ code: 'ERR_QUERY_TIMEOUT' });
  // Had it not been sent again, the connection would have been cut.
  expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  client.release();
  expect(pool.stats()).toMatchObject({ created: 1, destroyed: 0 });
});

postgresTest(
  'hundreds that give up at once: few cancel requests at a time, nothing is left running',
  async () => {
    const pool = pgPool({ max: 20, queryTimeoutMs: 100 });
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, () => pool.query('SELECT pg_sleep(20) AS crowd')),
    );
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    await expect.poll(() => running('SELECT pg_sleep(20) AS crowd')).toBe(0);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(pool.stats().inUse).toBe(0);
  },
);

postgresTest(
  'callbacks, named statements, configs used twice and accessors work with a limit as without',
  async () => {
    for (const queryTimeoutMs of [0, 5_000]) {
      const pool = pgPool({ max: 1, queryTimeoutMs });
      const config = { name: 'twice', text: 'SELECT $1::int AS number', values: [1] };
      await new Promise<void>((resolve, reject) =>
        pool.query(config, (error: Error, result) => {
          if (error) reject(error);
          expect(result.rows).toEqual([{ number: 1 }]);
          resolve();
        }),
      );
      const client = await pool.connect();
      expect((await client.query(config)).rows).toEqual([{ number: 1 }]);
      expect(Object.keys(config)).toEqual(['name', 'text', 'values']);
      class Built {
        get text() {
          return 'SELECT $1::int AS number';
        }
        get values() {
          return [2];
        }
      }
      expect((await client.query(new Built())).rows).toEqual([{ number: 2 }]);
      expect((await client.query({ text: 'SELECT 1 AS a', rowMode: 'array' })).rows).toEqual([[1]]);
      const cursor = client.query(new Cursor('SELECT generate_series(1, 3) AS n'));
      expect(await cursor.read(2)).toEqual([{ n: 1 }, { n: 2 }]);
      await cursor.close();
      client.release();
    }
  },
);

postgresTest('an aborted transaction is rolled back on the server, and its connection is kept', async () => {
  const pool = pgPool({ max: 1 });
  const pid = await pidOf(pool);
  await pool.query('CREATE TABLE given_up (id int)');
  const signal = AbortSignal.timeout(50);
  const aborted = pool.transaction(
    async (client) => {
      await client.query('INSERT INTO given_up VALUES (1)');
      // Longer than a test may last.
      await client.query('SELECT pg_sleep(600)');
    },
    { signal },
  );
  await expect(aborted).rejects.toMatchObject({ name: 'TimeoutError' });
  expect((await pool.query('SELECT count(*)::int AS rows FROM given_up')).rows).toEqual([{ rows: 0 }]);
  expect(await pidOf(pool)).toBe(pid);
});

postgresTest(
  'an aborted transaction whose function goes on costs the connection and can do no harm',
  async () => {
    const pool = pgPool({ max: 1 });
    const pid = await pidOf(pool);
    const late: unknown[] = [];
    const signal = AbortSignal.timeout(20);
    const aborted = pool.transaction(
      async (client) => {
        await vi.waitUntil(() => pool.stats().destroyed === 1, { timeout: 30_000 });
        await client.query('SELECT 1').catch((error: unknown) => late.push(error));
      },
      { signal },
    );
    await expect(aborted).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await pidOf(pool)).not.toBe(pid);
    await expect.poll(() => late).toHaveLength(1);
  },
);

test('two names of one limit are a TypeError', () => {
  expect(() => new PgPool({ queryTimeoutMs: 1, query_timeout: 1 })).toThrow(
    /PgPool.*queryTimeoutMs.*query_timeout/,
  );
  expect(() => new PgPool({ queryTimeoutMs: -1 })).toThrow(RangeError);
});
