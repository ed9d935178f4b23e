import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, onTestFinished, type TestFunction, test } from 'vitest';
import { startServices } from '../../../../scripts/services/index.mjs';
import { PgPool, type PgPoolOptions } from '../../src/pg.js';

const services = await startServices({ postgres: true });
afterAll(() => services.close());
const { postgres } = services;
const missing = services.skipped[0];

function faultTest(name: string, body: TestFunction): void {
  test.skipIf(missing !== undefined)(
    missing === undefined ? name : `${name} (${missing.reason}; ${missing.hint})`,
    body,
  );
}

function server() {
  if (postgres === undefined) throw new Error('no server');
  return postgres;
}

function pgPool(options: PgPoolOptions = {}): PgPool {
  const pool = new PgPool({ connectionString: server().url, drainTimeoutMs: 2_000, ...options });
  onTestFinished(() => pool.end());
  return pool;
}

/** Callers that ask all the time, with a pause of 5 ms after an error, and what became of their questions. */
function callers(count: number, pool: PgPool) {
  const lastServedAt = new Array<number>(count).fill(0);
  const state = { errors: 0, asked: true, lastServedAt };
  const loops = lastServedAt.map(async (_, caller) => {
    while (state.asked) {
      try {
        await pool.query('SELECT 1');
        lastServedAt[caller] = performance.now();
        await sleep(1);
      } catch {
        state.errors += 1;
        await sleep(5);
      }
    }
  });
  const stop = async () => {
    state.asked = false;
    await Promise.all(loops);
  };
  return { state, stop };
}

// pg-pool: 3,848 refused dials for the same outage.
faultTest(
  'an outage of 1.5 s costs 20 callers fewer than 50 dials, and all are served within 1 s after it',
  async () => {
    for (const fault of ['stop', 'kill'] as const) {
      const pool = pgPool();
      const { state, stop } = callers(20, pool);
      await sleep(100);
      expect(state.errors).toBe(0);
      const before = pool.stats();
      await server()[fault]();
      await sleep(1_500);
      const during = pool.stats();
      await server().start();
      const up = performance.now();
      while (Math.min(...state.lastServedAt) < up && performance.now() - up < 5_000) await sleep(5);
      const recoveredMs = performance.now() - up;
      await stop();
      const dials = during.createErrors + during.created - before.createErrors - before.created;
      expect(dials).toBeLessThan(50);
      expect(recoveredMs).toBeLessThan(1_000);
    }
  },
);

faultTest('a frozen server costs a caller its deadline, and the pool works again when it thaws', async () => {
  const pool = pgPool({ acquireTimeoutMs: 300, max: 2, query_timeout: 300 });
  await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 1')]);
  await server().freeze();
  const since = performance.now();
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => pool.query('SELECT 1')));
  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  expect(performance.now() - since).toBeLessThan(1_500);
  await server().thaw();
  await expect
    .poll(() => pool.query('SELECT 1').then(() => 'served', String), { timeout: 5_000 })
    .toBe('served');
});

faultTest('end settles everybody while the server is down or frozen', async () => {
  for (const [fault, repair] of [
    ['stop', 'start'],
    ['freeze', 'thaw'],
  ] as const) {
    const pool = new PgPool({ connectionString: server().url, max: 1, drainTimeoutMs: 200 });
    const held = await pool.connect();
    const waiting = pool.query('SELECT 1').catch(String);
    await server()[fault]();
    const since = performance.now();
    await pool.end();
    expect(performance.now() - since).toBeLessThan(2_000);
    expect(await waiting).toContain('Cannot use a pool after calling end');
    held.release();
    await server()[repair]();
  }
});

faultTest(
  'too many connections: callers wait for those that are open, and the server is not stormed',
  async () => {
    const admin = pgPool({ max: 1 });
    const limit = Number((await admin.query('SHOW max_connections')).rows[0].max_connections);
    const greedy = pgPool({ max: limit + 20, maxConnecting: 20, acquireTimeoutMs: 20_000 });
    const served = Array.from({ length: limit + 20 }, async () => {
      const client = await greedy.connect();
      while (greedy.stats().createErrors < 3) await sleep(10);
      client.release();
    });
    await Promise.all(served);
    // A few fail together where several are under way; then it is one at a time, with pauses.
    expect(greedy.stats().createErrors).toBeLessThan(60);
  },
);

// pg.Pool has no way to end a statement; after its query_timeout the statement runs on.
faultTest('an aborted statement is gone from the server within 100 ms', async () => {
  const pool = pgPool({ max: 1 });
  const watcher = pgPool({ max: 1 });
  const working =
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'";
  const count = async (): Promise<number> => (await watcher.query(working)).rows[0].n;
  const goneAfterMs: number[] = [];
  for (let round = 0; round < 15; round++) {
    const controller = new AbortController();
    const statement = pool.query({ text: 'SELECT pg_sleep(600)', signal: controller.signal });
    await expect.poll(count, { interval: 2 }).toBe(1);
    const since = performance.now();
    controller.abort(new Error('given up'));
    await expect(statement).rejects.toThrow('given up');
    while ((await count()) > 0) await sleep(1);
    goneAfterMs.push(performance.now() - since);
  }
  // The median: a busy machine may keep one of them waiting.
  expect(goneAfterMs.sort((one, other) => one - other)[7]).toBeLessThan(100);
  expect(pool.stats()).toMatchObject({ created: 1, destroyed: 0 });
});
