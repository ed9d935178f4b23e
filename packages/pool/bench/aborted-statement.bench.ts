import { PgPool } from '@mainstay/pool/pg';
import pg from 'pg';
import { question } from '../../../scripts/bench/harness.mjs';
import { testDatabase } from '../../../scripts/services/index.mjs';

const database = await testDatabase({ Client: pg.Client });
const pool = new PgPool({ connectionString: database.url, max: 1 });
const administrator = new pg.Client({ connectionString: database.url });
await administrator.connect();
await pool.query('SELECT 1');

const active = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND query LIKE '%sleep%'";

/** Begins a statement that would take a minute, ends it, and waits until its connection answers the next one. */
const ended = (end: (pid: number, controller: AbortController) => unknown) => async (operations: number) => {
  for (let index = 0; index < operations; index++) {
    const controller = new AbortController();
    const { rows } = await pool.query('SELECT pg_backend_pid() AS pid');
    const statement = pool.query({ text: 'SELECT pg_sleep(60)', signal: controller.signal }).catch(() => {});
    while ((await administrator.query(active, [rows[0].pid])).rows.length === 0);
    await end(rows[0].pid, controller);
    await statement;
    await pool.query('SELECT 1');
  }
};

await question({
  title: 'a statement that is given up: time until its connection has answered the next one',
  floor: 'pg_cancel_backend() on an open connection',
  target: '100,000 us at most',
  note: 'Four statements and the cancelled one; Mainstay opens a socket for its cancel request.',
  iterations: 20,
  rounds: 11,
  unit: 'us',
  contestants: {
    'pg_cancel_backend() on an open connection': ended((pid) =>
      administrator.query('SELECT pg_cancel_backend($1)', [pid]),
    ),
    'mainstay PgPool, signal aborted': ended((_pid, controller) => controller.abort()),
  },
});
console.log(`connections opened: ${pool.stats().created}`);
await Promise.all([pool.end(), administrator.end()]);
await database.close();
process.exit(0);
