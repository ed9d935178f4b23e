import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { pgPool, postgresTest } from './support/postgres.js';

// As in a service with tracing. On Node 20 and 22, promises from before the first use in a process have no context.
new AsyncLocalStorage().run({}, () => {});

/** In an async context of its own, as one request beside another. */
const apart = <T>(fn: () => Promise<T>): Promise<T> => new AsyncResource('request').runInAsyncScope(fn);

const signal = () => {
  let give = (): void => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { give, given };
};

// pg-pool frees the new holder's connection: two callers then share one client.
postgresTest(
  'a late client.release() by an earlier holder throws, and the new holder keeps his connection',
  async () => {
    const pool = pgPool({ max: 1 });
    const released = signal();
    const taken = signal();
    const tried = signal();
    const earlier = apart(async () => {
      const client = await pool.connect();
      await client.query('SELECT 1');
      client.release();
      released.give();
      await taken.given;
      expect(() => client.release()).toThrow(/already been released.*Somebody else holds it/);
      tried.give();
    });
    const later = apart(async () => {
      await released.given;
      const client = await pool.connect();
      await client.query('BEGIN');
      taken.give();
      await tried.given;
      expect(pool.stats()).toMatchObject({ inUse: 1, idle: 0 });
      client.release();
    });
    await Promise.all([earlier, later]);
    // His open transaction is rolled back first.
    await expect.poll(() => pool.stats()).toMatchObject({ inUse: 0, idle: 1, destroyed: 0 });
  },
);

postgresTest('who holds the same connection again releases it, whatever has used it for him', async () => {
  const pool = pgPool({ max: 1 });
  const helper = async (use: () => Promise<unknown>) => {
    await sleep(1);
    await use();
  };
  for (let round = 0; round < 3; round++) {
    const client = await pool.connect();
    if (round % 2 === 0) await client.query('SELECT 1');
    else await helper(() => client.query('SELECT 2'));
    client.release();
  }
  // Also after a wait for it, and from a context that has nothing to do with the loan.
  const [first, second] = [pool.connect(), pool.connect()];
  const held = await first;
  await held.query('SELECT 3');
  held.release();
  const again = await second;
  await helper(() => again.query('SELECT 4'));
  again.release();
  const last = await pool.connect();
  await last.query('SELECT 5');
  await apart(async () => last.release());
  expect(pool.stats()).toMatchObject({ inUse: 0, idle: 1 });
});

postgresTest('a late client.release() does not touch what the pool itself has under way', async () => {
  const pool = pgPool({ max: 1 });
  const late = await pool.connect();
  late.release();
  const statement = pool.query('SELECT pg_sleep(0.05), 1 AS one');
  await sleep(5);
  expect(() => late.release()).toThrow(/already been released.*The pool itself/);
  expect((await statement).rows).toMatchObject([{ one: 1 }]);
  const done = await pool.transaction(async () => {
    expect(() => late.release()).toThrow('The pool itself');
    expect(pool.stats()).toMatchObject({ inUse: 1, idle: 0 });
    return 'committed';
  });
  expect(done).toBe('committed');
  expect(pool.stats()).toMatchObject({ inUse: 0, idle: 1, destroyed: 0 });
});
