import { PgPool } from '@mainstay/pool/pg';
import pg from 'pg';
import { question } from '../../../scripts/bench/harness.mjs';
import { testDatabase } from '../../../scripts/services/index.mjs';

const callers = 64;
const database = await testDatabase({ Client: pg.Client });
const options = { connectionString: database.url, max: 10 };
const pools = { 'mainstay PgPool': new PgPool(options), 'pg.Pool': new pg.Pool(options) };
await pools['pg.Pool'].query('CREATE TABLE taken (id int PRIMARY KEY)');
await pools['pg.Pool'].query('INSERT INTO taken VALUES (1)');

/** 64 callers share the operations; every so-and-so-many-th statement violates a primary key. */
const mixed = (pool: pg.Pool, everyNth: number) => async (operations: number) => {
  let next = 0;
  const caller = async () => {
    while (next < operations) {
      next += 1;
      const statement = next % everyNth === 0 ? 'INSERT INTO taken VALUES (1)' : 'SELECT 1';
      await pool.query(statement).catch((error: { code?: string }) => {
        if (error.code !== '23505') throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
};

const connects = { 'mainstay PgPool': 0, 'pg.Pool': 0 };
for (const [name, pool] of Object.entries(pools)) {
  pool.on('connect', () => {
    connects[name as keyof typeof connects] += 1;
  });
}

for (const [share, everyNth, target] of [
  ['no', Number.POSITIVE_INFINITY, 'within noise of pg.Pool (no claim)'],
  ['10 % of', 10, '<= 0.25 of pg.Pool'],
  ['50 % of', 2, '<= 0.1 of pg.Pool'],
] as const) {
  const before = { ...connects };
  await question({
    title: `a real server, 64 callers, 10 connections, ${share} statements fail: time a statement`,
    peer: 'pg.Pool',
    target,
    iterations: 1_000,
    rounds: 9,
    unit: 'us',
    contestants: {
      'mainstay PgPool': mixed(pools['mainstay PgPool'], everyNth),
      'pg.Pool': mixed(pools['pg.Pool'], everyNth),
    },
  });
  for (const name of ['mainstay PgPool', 'pg.Pool'] as const) {
    console.log(`connections opened by ${name} meanwhile: ${connects[name] - before[name]}`);
  }
}
await Promise.all(Object.values(pools).map((pool) => pool.end()));
await database.close();
process.exit(0);
