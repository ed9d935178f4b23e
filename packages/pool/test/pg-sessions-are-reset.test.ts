import type pg from 'pg';
import { expect } from 'vitest';
import { pgPool, pidOf, postgresTest } from './support/postgres.js';

/** What the next holder finds in the session. */
async function session(pool: pg.Pool) {
  const { rows } = await pool.query(`SELECT current_setting('statement_timeout') AS timeout,
    current_setting('app.user', true) AS user, (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks,
    (SELECT count(*)::int FROM pg_listening_channels()) AS channels, to_regclass('pg_temp.scratch') AS scratch,
    (SELECT count(*)::int FROM pg_prepared_statements WHERE from_sql) AS prepared, (SELECT count(*)::int FROM pg_cursors) AS cursors`);
  return rows[0];
}

const untouched = { timeout: '0', user: null, locks: 0, channels: 0, scratch: null, prepared: 0, cursors: 1 };

// pg-pool hands every one of these to the next holder.
postgresTest('what a holder leaves in the session does not reach the next one', async () => {
  const pool = pgPool({ max: 1 });
  const pid = await pidOf(pool);
  const before = await session(pool);
  expect(before).toMatchObject({ ...untouched, cursors: before.cursors });
  for (const statement of [
    "SET statement_timeout = '1234ms'",
    'BEGIN; SET statement_timeout = 99; COMMIT',
    "SELECT set_config('statement_timeout', '77', false)",
    'LISTEN news',
    'SELECT pg_advisory_lock(1)',
    'SELECT pg_try_advisory_lock_shared(2)',
    'CREATE TEMP TABLE scratch (id int)',
    'CREATE TEMPORARY TABLE scratch AS SELECT 1 AS id',
    'SELECT 1 AS id INTO TEMP scratch',
    'PREPARE mine AS SELECT 1',
    'BEGIN; DECLARE held CURSOR WITH HOLD FOR SELECT 1; COMMIT',
    'DO $$ BEGIN PERFORM pg_advisory_lock(3); SET statement_timeout = 55; END $$',
  ]) {
    const client = await pool.connect();
    await client.query(statement);
    client.release();
    expect(await session(pool), statement).toEqual(before);
  }
  await pool.query({ text: "SET lock_timeout = '1s'" });
  expect((await pool.query('SHOW lock_timeout')).rows).toEqual([{ lock_timeout: '0' }]);
  expect(await pidOf(pool)).toBe(pid);
});

postgresTest('what ends with its transaction costs no reset', async () => {
  const pool = pgPool({ max: 1 });
  await pool.query({ name: 'kept', text: 'SELECT 1' });
  const prepared = async () =>
    (await pool.query('SELECT count(*)::int AS count FROM pg_prepared_statements')).rows[0].count;
  expect(await prepared()).toBe(1);
  await pool.query('CREATE TABLE weather (temp int, temporary int)');
  await pool.transaction(async (client) => {
    await client.query("SET LOCAL statement_timeout = '10s'");
    await client.query("SELECT set_config('app.user', $1, true)", ['ada']);
    await client.query('SELECT pg_advisory_xact_lock(1)');
    await client.query('SELECT temp, temporary FROM weather');
    await client.query('CREATE TEMP TABLE short (id int) ON COMMIT DROP');
    await client.query('DECLARE ends CURSOR FOR SELECT 1');
  });
  // DISCARD ALL would have dropped it.
  expect(await prepared()).toBe(1);
});

postgresTest('prepared statements of pg work again after a reset', async () => {
  const pool = pgPool({ max: 1 });
  const config = { name: 'named', text: 'SELECT $1::int AS number', values: [1] };
  for (let round = 0; round < 3; round++) {
    expect((await pool.query(config)).rows).toEqual([{ number: 1 }]);
    await pool.query("SET statement_timeout = '1s'");
  }
  expect(pool.stats()).toMatchObject({ created: 1, destroyed: 0 });
});

postgresTest('settings of onConnect and of connect listeners outlive every holder', async () => {
  const hooked = pgPool({
    max: 1,
    onConnect: (client: pg.ClientBase) => client.query('SET lock_timeout = 1111'),
  });
  const listened = pgPool({ max: 1 });
  listened.on('connect', (client) => void client.query('SET lock_timeout = 1111'));
  const patient = pgPool({ max: 1 });
  patient.on('connect', async (client) => {
    await client.query('SELECT 1');
    await client.query('SET lock_timeout = 1111');
  });
  for (const pool of [hooked, listened, patient]) {
    const pid = await pidOf(pool);
    for (let loan = 0; loan < 3; loan++) {
      expect((await pool.query('SHOW lock_timeout')).rows).toEqual([{ lock_timeout: '1111ms' }]);
      expect(await pidOf(pool)).toBe(pid);
    }
    await pool.query('SET lock_timeout = 2222');
    // A reset would have taken the hook's setting along: the hooks run on a new connection.
    expect((await pool.query('SHOW lock_timeout')).rows).toEqual([{ lock_timeout: '1111ms' }]);
    expect(await pidOf(pool)).not.toBe(pid);
  }
});

postgresTest('sessionReset: always resets what nobody could see, never resets nothing', async () => {
  const hidden = `CREATE OR REPLACE FUNCTION hidden() RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN SET statement_timeout = 4321; END $$`;
  for (const [sessionReset, timeout] of [
    ['always', '0'],
    ['tracked', '4321ms'],
    ['never', '4321ms'],
  ] as const) {
    const pool = pgPool({ max: 1, sessionReset });
    await pool.query(hidden);
    await pool.query('SELECT hidden()');
    expect((await pool.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: timeout }]);
    await pool.end();
  }
});

// pg's client has one release for all its holders, so there it frees whoever has the client now.
postgresTest('a lease is inert once it has ended, and nobody else can release its client', async () => {
  const pool = pgPool({ max: 1 });
  const former = await pool.connect();
  former.release();
  const lease = await pool.lease();
  expect(lease.resource).toBe(former);
  expect(() => former.release()).toThrow('belongs to a lease');
  expect(lease.active).toBe(true);
  expect(lease.release()).toBe(true);
  const next = await pool.lease();
  expect(lease.release()).toBe(false);
  expect(lease.destroy()).toBe(false);
  expect(() => lease.resource).toThrow('has ended');
  expect(next.active).toBe(true);
  next[Symbol.dispose]();
  expect(pool.stats()).toMatchObject({ idle: 1, inUse: 0 });
  const last = await pool.lease();
  const pid = await pidOf(last.resource);
  last.destroy();
  expect(await pidOf(pool)).not.toBe(pid);
});

// Values are somebody's data: what they say is not the statement.
postgresTest('neither strings nor comments nor quotes hide what a statement leaves', async () => {
  const pool = pgPool({ max: 1 });
  const leftovers = async () => {
    const { rows } = await pool.query(`SELECT current_setting('app.tenant', true) AS tenant,
      current_setting('work_mem') AS memory,
      (SELECT count(*)::int FROM pg_class WHERE relpersistence = 't') AS tables`);
    return { ...rows[0], tenant: rows[0].tenant || null };
  };
  const before = await leftovers();
  expect(before).toMatchObject({ tenant: null, tables: 0 });
  for (const statement of [
    "SELECT set_config('app.tenant', 'a, true)', false)",
    "SELECT set_config('app.tenant', $$b, true)$$, false)",
    `SELECT "set_config"('app.tenant', 'c', false)`,
    `SELECT "pg_catalog"."set_config"('app.tenant', 'd', false)`,
    "SELECT set_config/* why */('app.tenant', 'e', false)",
    "SELECT set_config/* a /* b */ , true) */('app.tenant', 'f', false)",
    `SELECT U&"set\\005fconfig"('app.tenant', 'g', false)`,
    "SELECT set_config('app.tenant', 'h', true), set_config('app.tenant', 'i', false)",
    "UPDATE pg_settings SET setting = '7000' WHERE name = 'work_mem'",
    'CREATE TEMP TABLE one (a int); BEGIN; CREATE TEMP TABLE two (a int) ON COMMIT DROP; COMMIT',
    'CREATE TEMP TABLE three (a int) /* on commit drop */',
    "CREATE TEMP TABLE four (a text DEFAULT 'on commit drop')",
    'CREATE TABLE "pg_temp".five (a int)',
    'CREATE TABLE pg_temp . six (a int)',
  ]) {
    await pool.query(statement);
    expect(await leftovers(), statement).toEqual(before);
  }
  expect(pool.stats().created).toBe(1);
});

postgresTest('named statements go on to work when a holder has thrown the prepared ones away', async () => {
  const pool = pgPool({ max: 1 });
  const named = { name: 'one', text: 'SELECT 1 AS one' };
  for (const statement of ['DEALLOCATE ALL', 'DISCARD ALL']) {
    await pool.query(named);
    await pool.query(statement);
    expect((await pool.query(named)).rows).toEqual([{ one: 1 }]);
  }
  const client = await pool.connect();
  await client.query(named);
  await client.query('DISCARD ALL');
  const { signal } = new AbortController();
  const { rows } = await client.query({ text: 'SELECT 1 AS one', rowMode: 'array', signal });
  expect(rows).toEqual([[1]]);
  expect((await client.query(named)).rows).toEqual([{ one: 1 }]);
  client.release();
  expect(pool.stats().created).toBe(1);
});
