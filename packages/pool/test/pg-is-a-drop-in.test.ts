import { once } from 'node:events';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { expect, test } from 'vitest';
import { PgPool } from '../src/pg.js';
import { pgPool, pidOf, postgresTest } from './support/postgres.js';

test('it is a pg.Pool with Pool in its name, and counts like one', () => {
  const options = { max: 7, password: 'secret', host: 'nowhere.invalid' };
  const pool = new PgPool(options);
  expect(pool).toBeInstanceOf(pg.Pool);
  expect(PgPool.name).toContain('Pool');
  expect(pool.options.max).toBe(7);
  expect(Object.keys(pool.options)).not.toContain('password');
  expect(options).toEqual({ max: 7, password: 'secret', host: 'nowhere.invalid' });
  expect(pool).toMatchObject({ totalCount: 0, idleCount: 0, waitingCount: 0, expiredCount: 0 });
  expect(pool).toMatchObject({ ending: false, ended: false, kind: 'pool', name: 'postgres' });
  expect(new PgPool({ poolSize: 3 }).options.max).toBe(3);
});

test('an option of pg.Pool and its twin given together are a TypeError, and wrong values are named', () => {
  expect(() => new PgPool({ acquireTimeoutMs: 1, connectionTimeoutMillis: 1 })).toThrow(TypeError);
  expect(() => new PgPool({ idleTimeoutMs: 1, idleTimeoutMillis: 1 })).toThrow(
    /idleTimeoutMs.*idleTimeoutMillis/,
  );
  expect(() => new PgPool({ maxLifetimeMs: 1, maxLifetimeSeconds: 1 })).toThrow(TypeError);
  expect(() => new PgPool({ max: -1 })).toThrow(RangeError);
  expect(() => new PgPool({ drainTimeoutMs: Number.NaN })).toThrow(RangeError);
  expect(() => new PgPool({ idleTimeoutMillis: null, connectionTimeoutMillis: 0 })).not.toThrow();
});

postgresTest('query takes text, config, values and callbacks in every combination of pg', async () => {
  const pool = pgPool();
  const called = (...parameters: unknown[]) =>
    new Promise((resolve, reject) => {
      const query = pool.query as unknown as (...all: unknown[]) => unknown;
      expect(
        query.call(pool, ...parameters, (error: unknown, result: pg.QueryResult) =>
          error ? reject(error) : resolve(result.rows),
        ),
      ).toBeUndefined();
    });
  const text = 'SELECT $1::int AS number';
  expect((await pool.query('SELECT 1 AS number')).rows).toEqual([{ number: 1 }]);
  expect((await pool.query(text, [2])).rows).toEqual([{ number: 2 }]);
  expect((await pool.query({ text, values: [3] })).rows).toEqual([{ number: 3 }]);
  expect((await pool.query({ text }, [4])).rows).toEqual([{ number: 4 }]);
  expect((await pool.query({ text, rowMode: 'array' }, [5])).rows).toEqual([[5]]);
  expect(await called('SELECT 6 AS number')).toEqual([{ number: 6 }]);
  expect(await called(text, [7])).toEqual([{ number: 7 }]);
  expect(await called({ text, values: [8] })).toEqual([{ number: 8 }]);
  expect(await called({ text }, [9])).toEqual([{ number: 9 }]);
  await expect(called('SELECT nonsense')).rejects.toMatchObject({ code: '42703' });
  await expect(pool.query(null as unknown as string)).rejects.toBeInstanceOf(TypeError);
  await expect(pool.query('SELECT 1', 'no array' as unknown as [])).rejects.toThrow('must be an array');
  const error = await new Promise((resolve) => {
    (pool.query as unknown as (callback: (error: unknown) => void) => void).call(pool, resolve);
  });
  expect(String(error)).toContain('Passing a function as the first parameter');
  expect(pool.stats().inUse).toBe(0);
});

postgresTest('connect works as a promise and with a callback, which is never called at once', async () => {
  const pool = pgPool({ max: 1 });
  const client = await pool.connect();
  expect(pool).toMatchObject({ totalCount: 1, idleCount: 0 });
  client.release();
  let called = false;
  const second = new Promise<pg.PoolClient>((resolve) => {
    pool.connect((error, connected, done) => {
      called = true;
      expect(error).toBeUndefined();
      if (connected) resolve(connected);
      done();
    });
  });
  expect(called).toBe(false);
  // Kysely keeps a WeakMap by client.
  expect(await second).toBe(client);
  expect(pool).toMatchObject({ totalCount: 1, idleCount: 1 });
});

postgresTest('the error of a statement has a stack that leads to the caller', async () => {
  const pool = pgPool();
  async function theCaller() {
    await pool.query('SELECT nonsense');
  }
  const error = await theCaller().catch((reason: Error) => reason);
  expect((error as Error).stack).toContain('theCaller');
});

postgresTest(
  'a double release throws and touches nobody; a captured done does not free the next holder',
  async () => {
    const pool = pgPool({ max: 1 });
    const client = await pool.connect();
    const done = client.release;
    client.release();
    const next = await pool.connect();
    expect(next).toBe(client);
    expect(() => done()).toThrow('already been released');
    expect(pool.stats().inUse).toBe(1);
    next.release();
    expect(() => next.release()).toThrow('already been released');
  },
);

postgresTest('events come with the clients, and a throwing listener changes nothing', async () => {
  const pool = pgPool({ max: 1 });
  const seen: string[] = [];
  let client: pg.PoolClient | undefined;
  pool.on('connect', (connected) => {
    client = connected;
    seen.push('connect');
  });
  pool.on('acquire', (acquired) => seen.push(`acquire ${acquired === client}`));
  pool.on('release', (error, released) => seen.push(`release ${String(error)} ${released === client}`));
  pool.on('remove', (removed) => seen.push(`remove ${removed === client}`));
  pool.on('acquire', () => {
    throw new Error('a listener');
  });
  const warned = once(process, 'warning');
  await pool.query('SELECT 1');
  expect(String((await warned)[0])).toContain('a listener');
  await pool.end();
  expect(seen).toEqual(['connect', 'acquire true', 'release undefined true', 'remove true']);
});

postgresTest(
  'a Cursor is returned as it is, and its connection comes back when it is closed or has failed',
  async () => {
    const pool = pgPool({ max: 1 });
    const cursor = new Cursor('SELECT generate_series(1, 100) AS number');
    expect(pool.query(cursor)).toBe(cursor);
    expect(await cursor.read(2)).toEqual([{ number: 1 }, { number: 2 }]);
    expect(pool.stats().inUse).toBe(1);
    await cursor.close();
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    const failing = pool.query(new Cursor('SELECT nonsense'));
    await expect(failing.read(1)).rejects.toMatchObject({ code: '42703' });
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(pool.stats().created).toBe(1);
  },
);

postgresTest('onConnect, verify and Client are honoured', async () => {
  class OwnClient extends pg.Client {}
  const calls: string[] = [];
  const pool = pgPool({
    max: 1,
    Client: OwnClient as unknown as new () => pg.ClientBase,
    onConnect: async (client: pg.ClientBase) => {
      await client.query("SET application_name = 'hooked'");
      calls.push('onConnect');
    },
    verify: (_client, done) => {
      calls.push('verify');
      done();
    },
  });
  const client = await pool.connect();
  expect(client).toBeInstanceOf(OwnClient);
  expect((await client.query('SHOW application_name')).rows).toEqual([{ application_name: 'hooked' }]);
  client.release();
  await pool.query('SELECT 1');
  expect(calls).toEqual(['onConnect', 'verify']);
  const refusing = pgPool({ verify: (_client, done) => done(new Error('not this one')) });
  await expect(refusing.query('SELECT 1')).rejects.toThrow('not this one');
});

postgresTest('maxUses closes a connection after so many loans', async () => {
  const pool = pgPool({ max: 1, maxUses: 2 });
  const pids = [];
  for (let round = 0; round < 4; round++) pids.push(await pidOf(pool));
  expect(pids[0]).toBe(pids[1]);
  expect(pids[1]).not.toBe(pids[2]);
});

postgresTest('pg’s own sentences come first in errors, and connect errors stay what they are', async () => {
  const pool = pgPool({ max: 1, connectionTimeoutMillis: 30 });
  const client = await pool.connect();
  await expect(pool.connect()).rejects.toThrow(
    /^timeout exceeded when trying to connect: Pool "postgres": .*1 of 1 in use/,
  );
  client.release();
  await pool.end();
  await expect(pool.query('SELECT 1')).rejects.toThrow(/^Cannot use a pool after calling end on the pool/);
  await expect(pool.end()).rejects.toThrow('Called end on pool more than once');
  const nowhere = new PgPool({ host: '127.0.0.1', port: 1 });
  await expect(nowhere.query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
