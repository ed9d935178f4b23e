import { spawnSync } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PgPool } from '@mainstay/pool/pg';
import pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import { databaseUrl, postgresTest } from './support/postgres.js';

/** pg's own pool, ours in its place, and ours as it is by default. */
type Subject = 'pg.Pool' | 'strict' | 'default';

function make(subject: Subject, options: pg.PoolConfig = {}): pg.Pool {
  const config = { connectionString: databaseUrl(), ...options };
  const pool =
    subject === 'pg.Pool'
      ? new pg.Pool(config)
      : new PgPool(subject === 'strict' ? { ...config, compat: 'strict' } : config);
  pool.on('error', () => {});
  onTestFinished(async () => {
    if (!pool.ending) await pool.end();
  });
  return pool;
}

/** What pg.Pool and strict both do, and what PgPool does by default. */
async function differs<T>(see: (subject: Subject) => Promise<T>, theirs: T, ours: T): Promise<void> {
  expect(await see('pg.Pool')).toEqual(theirs);
  expect(await see('strict')).toEqual(theirs);
  expect(await see('default')).toEqual(ours);
}

const pidOf = async (pool: pg.Pool): Promise<number> =>
  (await pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;

postgresTest('a statement that fails costs the connection', () =>
  differs(
    async (subject) => {
      const pool = make(subject, { max: 1 });
      const pid = await pidOf(pool);
      await pool.query('SELECT 1/0').catch(() => {});
      return (await pidOf(pool)) === pid ? 'kept' : 'lost';
    },
    'lost',
    'kept',
  ),
);

postgresTest('an open transaction, and what was set, reach the next holder', () =>
  differs(
    async (subject) => {
      const pool = make(subject, { max: 1 });
      const first = await pool.connect();
      await first.query("SET application_name = 'left behind'");
      await first.query('BEGIN');
      first.release();
      const { rows } = await pool.query(
        "SELECT current_setting('application_name') AS name, now() = statement_timestamp() AS fresh",
      );
      return rows[0];
    },
    { name: 'left behind', fresh: false },
    { name: '', fresh: true },
  ),
);

postgresTest('`min` opens nothing', () =>
  differs(
    async (subject) => {
      const pool = make(subject, { min: 3, max: 5 });
      await pool.query('SELECT 1');
      for (let look = 0; look < 100 && pool.totalCount < 3; look++) await sleep(5);
      return pool.totalCount;
    },
    1,
    3,
  ),
);

postgresTest('each caller dials for himself, and its failure is his alone', async () => {
  const sockets = new Set<Socket>();
  let dials = 0;
  const server = createServer((socket) => {
    dials += 1;
    sockets.add(socket);
    socket.on('error', () => {}).destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const see = async (subject: Subject) => {
    dials = 0;
    const pool = make(subject, { connectionString: undefined, host: '127.0.0.1', port, max: 3 });
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => pool.query('SELECT 1')));
    return { dials, failed: results.filter(({ status }) => status === 'rejected').length };
  };
  expect(await see('pg.Pool')).toEqual({ dials: 12, failed: 12 });
  expect(await see('strict')).toEqual({ dials: 12, failed: 12 });
  const ours = await see('default');
  expect(ours.failed).toBe(12);
  expect(ours.dials).toBeLessThanOrEqual(3);
});

postgresTest('nobody is refused on arrival; a deadline is a sentence and no more', () =>
  differs(
    async (subject) => {
      const pool = make(subject, { max: 1, connectionTimeoutMillis: 100 });
      await pool.query('SELECT 1');
      const results = await Promise.allSettled(
        Array.from({ length: 400 }, () => pool.query('SELECT pg_sleep(0.002)')),
      );
      // By now it is known how fast the queue moves.
      const second = Array.from({ length: 400 }, () =>
        pool.query('SELECT pg_sleep(0.002)').then(
          () => 'served',
          (error: Error & { code?: string }) => `${error.code === 'ERR_POOL_OVERLOADED'} ${error.message}`,
        ),
      );
      const told = (await Promise.all(second)).filter((outcome) => outcome !== 'served');
      expect(results.some(({ status }) => status === 'rejected')).toBe(true);
      return {
        refused: told.some((outcome) => outcome.startsWith('true')),
        sentence: told.every((outcome) => outcome.endsWith(' timeout exceeded when trying to connect')),
      };
    },
    { refused: false, sentence: true },
    { refused: true, sentence: false },
  ),
);

postgresTest('a lost connection that nobody listens to ends the process', () => {
  const program = (construct: string) => `
    import pg from 'pg';
    import { PgPool } from '@mainstay/pool/pg';
    const config = { connectionString: process.env.DATABASE_URL, max: 1 };
    const pool = ${construct};
    await pool.query('SELECT 1');
    const other = new pg.Client(config);
    await other.connect();
    await other.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'doomed'").catch(() => {});
    await other.end();
    setTimeout(() => process.exit(0), 300);`;
  const exit = (construct: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', program(construct)], {
      cwd: new URL('.', import.meta.url).pathname,
      env: { ...process.env, DATABASE_URL: databaseUrl(), PGAPPNAME: 'doomed' },
      encoding: 'utf8',
    }).status;
  expect(exit('new pg.Pool(config)')).not.toBe(0);
  expect(exit("new PgPool({ ...config, compat: 'strict' })")).not.toBe(0);
  expect(exit('new PgPool(config)')).toBe(0);
});

postgresTest('a statement that is given up runs on at the server', () =>
  differs(
    async (subject) => {
      const pool = make(subject, { max: 1, query_timeout: 50 });
      const text = `SELECT pg_sleep(1.5) AS given_up_by_${subject.replace('.', '_').toLowerCase()}`;
      await expect(pool.query(text)).rejects.toThrow('Query read timeout');
      const watcher = new pg.Client({ connectionString: databaseUrl() });
      await watcher.connect();
      const running = async () =>
        (
          await watcher.query(
            "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query = $1 AND state = 'active'",
            [text],
          )
        ).rows[0].n as number;
      let seen = await running();
      for (let look = 0; look < 60 && seen > 0 && subject === 'default'; look++) {
        await sleep(5);
        seen = await running();
      }
      await watcher.end();
      return seen;
    },
    1,
    0,
  ),
);

postgresTest('whoever waits at end() is still served by strict; pg.Pool forgets him', async () => {
  const outcome = async (subject: Subject) => {
    const pool = make(subject, { max: 1 });
    const held = await pool.connect();
    const waiting = pool.query('SELECT 1 AS one').then(
      () => 'served',
      () => 'rejected',
    );
    const ended = pool.end();
    held.release();
    await ended;
    return Promise.race([waiting, sleep(200, 'forgotten')]);
  };
  expect(await outcome('pg.Pool')).toBe('forgotten');
  expect(await outcome('strict')).toBe('served');
  expect(await outcome('default')).toBe('rejected');
});
