import { setTimeout as sleep } from 'node:timers/promises';
import { ManualClock } from '@mainstay/core';
import type pg from 'pg';
import { expect, test } from 'vitest';
import {
  erlangC,
  fingerprint,
  PgPool,
  profiles,
  type RepeatedQuery,
  type SlowQuery,
  sizePool,
} from '../src/pg.js';
import { pgPool, postgresTest } from './support/postgres.js';

test('a fingerprint has no literals, comments or lists in it, and leaves names alone', () => {
  for (const [text, expected] of [
    [
      "SELECT * FROM a1 WHERE id IN (1, 2,3) AND b = 'it''s' -- why",
      'SELECT * FROM a1 WHERE id IN (?) AND b = ?',
    ],
    [
      'select "x 1"   from t /* a\n; \'b */ where c=$1 and d = -1.5e3;',
      'select "x 1" from t where c=? and d = -?',
    ],
    ["INSERT INTO t VALUES (1, 'a'), (2, E'b\\'c'), (3, $$d'$$)", 'INSERT INTO t VALUES (?)'],
    ["SELECT '--not a comment', $tag$ $$ ' $tag$", 'SELECT ?, ?'],
  ] as const) {
    expect(fingerprint(text)).toBe(expected);
  }
  expect(fingerprint(`SELECT ${"'secret', ".repeat(10_000)}1`)).not.toContain('secret');
  expect(fingerprint(`SELECT ${'a, '.repeat(10_000)}b`).length).toBeLessThanOrEqual(2_000);
});

postgresTest(
  'slow statements are told about without their data, wherever they run; quick ones are not',
  async () => {
    const seen: SlowQuery[] = [];
    // Its time goes on while the slow ones are under way and at no other moment.
    const clock = new ManualClock();
    const pool = pgPool({
      max: 2,
      clock,
      slowQueries: { thresholdMs: 50, log: (slow) => seen.push(slow), explain: true },
    });
    const slowly = async (client: pg.PoolClient, ...statement: [string, unknown[]?]) => {
      const running = client.query(...statement);
      clock.advance(60);
      return running;
    };
    await pool.query('SELECT 1');
    const held = await pool.connect();
    await slowly(held, "SELECT pg_sleep($1), 'somebody''s name' AS name", [0]);
    held.release();
    await pool
      .transaction((client) =>
        slowly(client, 'SELECT pg_sleep(0), 1 / length(pg_sleep(0)::text)').catch(() => {}),
      )
      .catch(() => {});
    await expect.poll(() => seen).toHaveLength(2);
    const [first, second] = seen as [SlowQuery, SlowQuery];
    expect(first).toMatchObject({ fingerprint: 'SELECT pg_sleep(?), ? AS name', error: undefined });
    expect(first.durationMs).toBe(60);
    expect(first.plan?.Plan).toMatchObject({ 'Node Type': 'Result' });
    expect(second).toMatchObject({
      fingerprint: 'SELECT pg_sleep(?), ? / length(pg_sleep(?)::text)',
      error: '22012',
    });
    expect(JSON.stringify(seen)).not.toContain('somebody');
  },
);

postgresTest(
  'explain gives the plan, and executes nothing unless it is to be measured, and then undoes it',
  async () => {
    const pool = pgPool({ max: 1 });
    await pool.query('CREATE TABLE plants (id int PRIMARY KEY, name text)');
    const insert = 'INSERT INTO plants VALUES ($1, $2)';
    expect((await pool.explain(insert, [1, 'fern'])).Plan).toMatchObject({ 'Node Type': 'ModifyTable' });
    const measured = await pool.explain(insert, [1, 'fern'], { analyze: true });
    expect(measured['Execution Time']).toBeGreaterThan(0);
    await expect(pool.explain('SELECT 1; DROP TABLE plants')).rejects.toMatchObject({ code: '42601' });
    await expect(pool.explain('SELECT nonsense')).rejects.toMatchObject({ code: '42703' });
    expect((await pool.query('SELECT count(*)::int AS count FROM plants')).rows).toEqual([{ count: 0 }]);
  },
);

postgresTest('a statement in a loop is noticed within its unit of work, once, and nowhere else', async () => {
  const seen: RepeatedQuery[] = [];
  const pool = pgPool({ repeatedQueries: { threshold: 5, report: (repeated) => seen.push(repeated) } });
  async function loop(times: number, text: string) {
    for (let id = 0; id < times; id++) await pool.query(`${text} + ${id}`);
  }
  await loop(20, 'SELECT 1');
  await Promise.all(Array.from({ length: 10 }, () => pool.unitOfWork(() => loop(4, 'SELECT 2'))));
  expect(seen).toEqual([]);
  await pool.unitOfWork(async () => {
    await sleep(1);
    await loop(20, 'SELECT 3');
  });
  expect(seen).toMatchObject([{ fingerprint: 'SELECT ? + ?', times: 5 }]);
  expect(seen[0]?.stack).toContain('loop');
  await pool.transaction(async (client) => {
    for (let id = 0; id < 9; id++) await client.query('SELECT $1::int', [id]);
  });
  expect(seen).toMatchObject([{}, { fingerprint: 'SELECT ?::int', times: 5 }]);
});

postgresTest(
  'a caller who waits in vain is told what the holders are doing, without their data',
  async () => {
    const pool = pgPool({ max: 1, acquireTimeoutMs: 60 });
    const busy = pool.query("SELECT pg_sleep(0.3), 'secret' AS password");
    const error = await pool.query('SELECT 1').catch((reason: Error) => reason);
    expect((error as Error).message).toContain('SELECT pg_sleep(?), ? AS password');
    await busy;
  },
);

postgresTest('a watcher that throws changes nothing', async () => {
  const thrower = () => {
    throw new Error('a watcher');
  };
  const pool = pgPool({
    slowQueries: { thresholdMs: 0, log: thrower },
    repeatedQueries: { threshold: 2, report: thrower },
  });
  const work = async () => [await pool.query('SELECT 1 AS one'), await pool.query('SELECT 1 AS one')];
  expect((await pool.unitOfWork(work)).map(({ rows }) => rows)).toEqual([[{ one: 1 }], [{ one: 1 }]]);
});

test('profiles give their numbers, and what is given counts', () => {
  const web = new PgPool({ profile: 'web' });
  expect(web.options.max).toBe(profiles.web.max);
  expect(web.stats()).toMatchObject({ max: 20, overflow: 10 });
  expect(profiles.web).toMatchObject({ max: 20, overflow: 10, validateAfterIdleMs: 1_000 });
  expect(new PgPool({ profile: 'web', max: 3 }).options.max).toBe(3);
  expect(new PgPool({ profile: 'batch', poolSize: 2 }).options.max).toBe(2);
  expect(() => new PgPool({ profile: 'worker', connectionTimeoutMillis: 1, query_timeout: 5 })).not.toThrow();
  expect(() => new PgPool({ profile: 'wep' as 'web' })).toThrow(/PgPool.*profile/);
});

test('Erlang C agrees with published figures, and stays within 0 to 1 for large pools', () => {
  // Two servers at half load: 1/3. Ten servers, eight Erlang: 0.409. A hundred, ninety: 0.217.
  expect(erlangC(2, 1)).toBeCloseTo(1 / 3, 10);
  expect(erlangC(10, 8)).toBeCloseTo(0.409, 3);
  expect(erlangC(100, 90)).toBeCloseTo(0.217, 3);
  expect(erlangC(5_000, 4_999)).toBeLessThanOrEqual(1);
  expect(erlangC(3, 3)).toBe(1);
});

test('a size explains itself, and says when the server has too few connections', () => {
  const size = sizePool({ arrivalsPerSecond: 400, holdMs: 20, waitRatio: 0.05 });
  expect(size).toMatchObject({ max: 14, meanInUse: 8, enough: true });
  expect(size.waitRatio).toBeLessThanOrEqual(0.05);
  expect(erlangC(size.max - 1, 8)).toBeGreaterThan(0.05);
  expect(size.explanation).toContain('keep 8 connections busy');
  const crowded = sizePool({ arrivalsPerSecond: 400, holdMs: 20, instances: 20, serverMaxConnections: 100 });
  expect(crowded).toMatchObject({
    max: 4,
    enough: false,
    waitRatio: 1,
    meanWaitMs: Number.POSITIVE_INFINITY,
  });
  expect(crowded.explanation).toContain('cannot carry this load');
  expect(() => sizePool({ arrivalsPerSecond: -1, holdMs: 1 })).toThrow(RangeError);
  expect(() => sizePool({ arrivalsPerSecond: 1e7, holdMs: 1e5 })).toThrow(RangeError);
});

test('a size says when there is less than a connection for each process', () => {
  const size = sizePool({ arrivalsPerSecond: 1, holdMs: 1, instances: 1_000, serverMaxConnections: 100 });
  expect(size).toMatchObject({ max: 1, enough: false });
  expect(size.explanation).toContain(
    'and 1000 processes share the rest: less than one each. Put a pooler (pgbouncer) in front.',
  );
  const just = { arrivalsPerSecond: 1, holdMs: 1, serverMaxConnections: 100, reservedConnections: 10 };
  expect(sizePool({ ...just, instances: 90 })).toMatchObject({ max: 1, enough: true });
  expect(sizePool({ ...just, instances: 91 })).toMatchObject({ max: 1, enough: false });
  expect(sizePool({ ...just, reservedConnections: 100 })).toMatchObject({ max: 1, enough: false });
});

test('max and poolSize are one option under two names', () => {
  expect(() => new PgPool({ max: 1, poolSize: 1 })).toThrow(TypeError);
});
