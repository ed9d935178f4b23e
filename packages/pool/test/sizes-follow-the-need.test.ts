import { expect, test } from 'vitest';
import { fate, type Thing, thingPool, turn } from './support/things.js';

test('overflow is opened while callers wait beyond max, and closed as soon as nobody waits', async () => {
  const { pool, made } = thingPool({ max: 2, overflow: 1 });
  const reasons: string[] = [];
  pool.on('destroyed', ({ reason }) => reasons.push(reason));
  const [first, second, third] = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
  const fourth = pool.acquire();
  expect(await fate(fourth)).toBe('pending');
  expect(pool.stats()).toMatchObject({ size: 3, max: 2, overflow: 1, waiting: 1 });
  first.release();
  const lease = await fourth;
  expect(lease.resource.id).toBe(1);
  expect(reasons).toEqual([]);
  lease.release();
  expect(reasons).toEqual(['surplus']);
  second.release();
  third.release();
  expect(pool.stats()).toMatchObject({ size: 2, idle: 2, destroyedSurplus: 1 });
  expect(made.filter((thing) => thing.destroyed).length).toBe(1);
});

test('warm opens before the first caller comes, min by default', async () => {
  const { pool } = thingPool({ max: 5, min: 2, maxConnecting: 1 });
  await pool.warm();
  expect(pool.stats()).toMatchObject({ size: 2, idle: 2 });
  await pool.warm({ count: 4 });
  expect(pool.stats()).toMatchObject({ size: 4, idle: 4, created: 4 });
  await pool.warm({ count: 1 });
  expect(() => pool.warm({ count: 6 })).toThrow(RangeError);
});

test('warm fails with the first error of create, with its signal and with a drain; nothing goes on afterwards', async () => {
  let dials = 0;
  const { pool, clock } = thingPool({
    create: () => {
      dials += 1;
      throw new Error('refused');
    },
  });
  await expect(pool.warm({ count: 3 })).rejects.toThrow('refused');
  await clock.advanceAsync(60_000);
  expect(dials).toBeLessThanOrEqual(4);
  const hanging = thingPool({ create: () => new Promise<Thing>(() => {}) });
  const controller = new AbortController();
  const aborted = hanging.pool.warm({ signal: controller.signal });
  controller.abort(new Error('gone'));
  await expect(aborted).rejects.toThrow('gone');
  const drained = hanging.pool.warm();
  void hanging.pool.close();
  await expect(drained).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
});

test('resize serves those who wait when it grows', async () => {
  const { pool } = thingPool({ max: 1 });
  await pool.acquire();
  const waiting = pool.acquire();
  expect(await fate(waiting)).toBe('pending');
  pool.resize({ max: 2 });
  expect((await waiting).resource.id).toBe(2);
  expect(pool.stats()).toMatchObject({ max: 2, size: 2 });
});

test('resize closes idle ones at once and lent ones when they come back when it shrinks', async () => {
  const { pool } = thingPool({ max: 4 });
  const leases = await Promise.all(Array.from({ length: 4 }, () => pool.acquire()));
  leases[0]?.release();
  const waiting = [] as Promise<unknown>[];
  pool.resize({ max: 2 });
  expect(pool.stats()).toMatchObject({ size: 3, idle: 0, max: 2, destroyedSurplus: 1 });
  waiting.push(pool.acquire());
  leases[1]?.release();
  expect(await fate(waiting[0] as Promise<unknown>)).toBe('pending');
  expect(pool.stats().size).toBe(2);
  leases[2]?.release();
  await waiting[0];
  expect(pool.stats()).toMatchObject({ size: 2, inUse: 2 });
});

test('resize checks its limits and keeps those that are not named', () => {
  const { pool } = thingPool({ max: 4, min: 1, overflow: 2 });
  expect(() => pool.resize({ min: 5 })).toThrow('option "min" must be at most max (4), received 5');
  expect(() => pool.resize({ max: 0 })).toThrow(RangeError);
  pool.resize({ max: 6 });
  expect(pool.stats()).toMatchObject({ min: 1, max: 6, overflow: 2 });
});

test('a larger min is opened at once', async () => {
  const { pool } = thingPool({ max: 4 });
  pool.resize({ min: 3 });
  await turn();
  expect(pool.stats()).toMatchObject({ idle: 3 });
});

test('idle resources are kept alive, and time as an idle one goes on', async () => {
  const asked: number[] = [];
  const { pool, clock } = thingPool({
    max: 2,
    keepaliveMs: 1_000,
    idleTimeoutMs: 5_000,
    maxLifetimeMs: 0,
    validate: async ({ id }) => {
      asked.push(id);
      return true;
    },
  });
  (await pool.acquire()).release();
  for (let ms = 0; ms < 4_900; ms += 100) await clock.advanceAsync(100);
  expect(asked.length).toBeGreaterThanOrEqual(4);
  expect(asked.length).toBeLessThanOrEqual(6);
  expect(pool.stats()).toMatchObject({ idle: 1, keepalives: asked.length });
  await clock.advanceAsync(1_000);
  expect(pool.stats()).toMatchObject({ size: 0, destroyedIdle: 1 });
});

test('a keepalive spares the caller the check, serves who came meanwhile, and finds the dead', async () => {
  let answer: (well: boolean) => void = () => {};
  const { pool, clock } = thingPool({
    max: 1,
    keepaliveMs: 1_000,
    idleTimeoutMs: 0,
    maxLifetimeMs: 0,
    validate: () => new Promise<boolean>((resolve) => (answer = resolve)),
  });
  (await pool.acquire()).release();
  clock.advance(1_000);
  const meanwhile = pool.acquire();
  expect(await fate(meanwhile)).toBe('pending');
  answer(true);
  (await meanwhile).release();
  clock.advance(1_000);
  answer(true);
  await turn();
  expect(pool.tryAcquire()?.release()).toBe(true);
  clock.advance(1_000);
  answer(false);
  await turn();
  expect(pool.stats()).toMatchObject({ size: 0, validationFailures: 1, keepalives: 3 });
});
