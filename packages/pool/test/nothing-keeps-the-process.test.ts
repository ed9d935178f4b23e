import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { databaseUrl, postgresTest } from './support/postgres.js';

const run = promisify(execFile);
const face = (name: string) => new URL(`../dist/${name}.js`, import.meta.url).href;

/** Runs a module in a process of its own, which fails if it does not end long before anything in it is closed for being idle. */
async function child(source: string): Promise<{ printed: string }> {
  const args = ['--input-type=module', '--eval', source];
  const { stdout } = await run(process.execPath, args, { timeout: 25_000 });
  return { printed: stdout.trim() };
}

postgresTest('an idle pool lets the process end, with allowExitOnIdle also one of Postgres', async () => {
  const generic = await child(`
    import { Pool } from ${JSON.stringify(face('index'))};
    const pool = new Pool({ name: 'idle', create: () => ({}), idleTimeoutMs: 3_600_000, min: 2 });
    (await pool.acquire()).release();
    console.log('done');
  `);
  expect(generic.printed).toBe('done');
  const postgres = await child(`
    import { PgPool } from ${JSON.stringify(face('pg'))};
    const options = { connectionString: ${JSON.stringify(databaseUrl())}, allowExitOnIdle: true, idleTimeoutMs: 3_600_000 };
    const { rows } = await new PgPool(options).query('SELECT 1 AS one');
    console.log(rows[0].one);
  `);
  expect(postgres.printed).toBe('1');
});

test('a caller who waits keeps it alive until his deadline', async () => {
  const { printed } = await child(`
    import { Pool } from ${JSON.stringify(face('index'))};
    const pool = new Pool({ name: 'waiting', create: () => ({}), max: 1 });
    await pool.acquire();
    await pool.acquire({ timeoutMs: 200 }).catch((error) => console.log(error.code));
  `);
  expect(printed).toBe('ERR_POOL_ACQUIRE_TIMEOUT');
});
