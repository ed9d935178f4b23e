import { setTimeout as sleep } from 'node:timers/promises';
import { createFaultProxy, cut, cutAfter, type FaultProxy, latency, stall } from '@mainstay/fault-proxy';
import { afterAll, expect, onTestFinished, type TestFunction, test, vi } from 'vitest';
import { startServices } from '../../../../scripts/services/index.mjs';
import { PgPool, type PgPoolOptions } from '../../src/pg.js';

const services = await startServices({ postgres: true });
afterAll(() => services.close());
const { postgres } = services;
const missing = services.skipped[0];

function networkTest(name: string, body: TestFunction): void {
  test.skipIf(missing !== undefined)(
    missing === undefined ? name : `${name} (${missing.reason}; ${missing.hint})`,
    body,
  );
}

/** A pool whose way to the server leads through a proxy. */
async function behindProxy(options: PgPoolOptions = {}): Promise<{ pool: PgPool; proxy: FaultProxy }> {
  const url = new URL(postgres?.url ?? '');
  const proxy = await createFaultProxy({ target: { port: Number(url.port) } });
  url.port = String(proxy.port);
  const pool = new PgPool({ connectionString: url.href, drainTimeoutMs: 500, ...options });
  onTestFinished(async () => {
    proxy.clear();
    await pool.end();
    await proxy.close();
  });
  return { pool, proxy };
}

const manyRows = "SELECT repeat('x', 1000) AS filler FROM generate_series(1, 20000)";

networkTest(
  'the network is cut in the middle of a result: its caller hears it, the others are served',
  async () => {
    for (const how of ['fin', 'rst'] as const) {
      const { pool, proxy } = await behindProxy({ max: 3 });
      const [held, second] = await Promise.all([pool.connect(), pool.connect()]);
      second.release();
      const fault = proxy.add(cutAfter({ bytes: 1_000_000, how }), { direction: 'to-client' });
      await expect(held.query(manyRows)).rejects.toThrow();
      held.release();
      await expect(pool.query(manyRows)).rejects.toThrow();
      fault.remove();
      expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      expect((await pool.query(manyRows)).rows).toHaveLength(20_000);
      expect(pool.stats().inUse).toBe(0);
    }
  },
);

networkTest(
  'silence in the middle of a result: the deadline holds, and the connection is given up',
  async () => {
    const { pool, proxy } = await behindProxy({ max: 1, queryTimeoutMs: 500 });
    await pool.query('SELECT 1');
    proxy.add(cutAfter({ bytes: 1_000_000, how: 'half-open' }), { direction: 'to-client' });
    const since = performance.now();
    await expect(pool.query(manyRows)).rejects.toMatchObject({ code: 'ERR_QUERY_TIMEOUT' });
    expect(performance.now() - since).toBeLessThan(1_000);
    proxy.clear();
    await expect
      .poll(() => pool.query('SELECT 1').then(() => 'served', String), { timeout: 8_000 })
      .toBe('served');
    expect(pool.stats().destroyed).toBe(1);
  },
);

networkTest('all connections are cut while idle: nobody notices', async () => {
  const { pool, proxy } = await behindProxy({ max: 4 });
  await Promise.all(Array.from({ length: 4 }, () => pool.query('SELECT pg_sleep(0.05)')));
  proxy.add(cut({ how: 'rst' })).remove();
  await sleep(100);
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => pool.query('SELECT 1')));
  expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
});

networkTest(
  'idle connections that went silent are found by the ping, before a caller gets them',
  async () => {
    const { pool, proxy } = await behindProxy({ max: 2, validateAfterIdleMs: 0, checkTimeoutMs: 300 });
    await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 1')]);
    const fault = proxy.add(stall());
    const asked = pool.query('SELECT 1 AS one');
    await sleep(100);
    // What is open stays silent; new connections work.
    proxy.add(cutAfter({ bytes: 0, how: 'half-open' }), { direction: 'to-client' }).remove();
    fault.remove();
    expect((await asked).rows).toEqual([{ one: 1 }]);
  },
);

networkTest(
  'a handshake slower than the caller can wait costs its deadline; when it is fast again all are served',
  async () => {
    const { pool, proxy } = await behindProxy({ max: 4, acquireTimeoutMs: 400, createTimeoutMs: 300 });
    const fault = proxy.add(latency({ ms: 1_000 }));
    const since = performance.now();
    const results = await Promise.allSettled(Array.from({ length: 30 }, () => pool.query('SELECT 1')));
    expect(performance.now() - since).toBeLessThan(1_500);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(pool.stats().createErrors).toBeLessThan(10);
    fault.remove();
    await expect
      .poll(() => pool.query('SELECT 1').then(() => 'served', String), { timeout: 4_000 })
      .toBe('served');
    // Those that arrived too late are not left open.
    await expect.poll(() => pool.totalCount).toBeLessThanOrEqual(1);
  },
);

networkTest('the wall clock jumps by an hour, forth and back: nothing happens', async () => {
  const { pool } = await behindProxy({ max: 3, idleTimeoutMs: 60_000, maxLifetimeMs: 120_000 });
  await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 1'), pool.query('SELECT 1')]);
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  for (const hours of [1, -1]) {
    vi.setSystemTime(Date.now() + hours * 3_600_000);
    const waiting = Array.from({ length: 10 }, () => pool.query('SELECT pg_sleep(0.02)'));
    await Promise.all(waiting);
    await sleep(50);
  }
  expect(pool.stats()).toMatchObject({ created: 3, destroyed: 0, acquireTimeouts: 0 });
});

networkTest(
  'the server is killed in the middle of transactions and restarted: none is half done',
  async () => {
    const { pool } = await behindProxy({ max: 5 });
    await pool.query('CREATE TABLE pairs (id int, half int)');
    let done = 0;
    const stop = { yes: false };
    const writers = Array.from({ length: 5 }, async (_, writer) => {
      for (let round = 0; !stop.yes; round++) {
        const id = writer * 1_000_000 + round;
        try {
          await pool.transaction(async (client) => {
            await client.query('INSERT INTO pairs VALUES ($1, 1)', [id]);
            await client.query('INSERT INTO pairs VALUES ($1, 2)', [id]);
          });
          done += 1;
        } catch {
          await sleep(5);
        }
      }
    });
    await sleep(150);
    await postgres?.kill();
    await sleep(100);
    await postgres?.start();
    const before = done;
    await vi.waitUntil(() => done > before + 50, { timeout: 10_000 });
    await postgres?.restart();
    const again = done;
    await vi.waitUntil(() => done > again + 50, { timeout: 10_000 });
    stop.yes = true;
    await Promise.all(writers);
    const halves = 'SELECT id FROM pairs GROUP BY id HAVING count(*) <> 2';
    expect((await pool.query(halves)).rows).toEqual([]);
  },
);
