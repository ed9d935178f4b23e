import { expect, test } from 'vitest';
import { thingPool } from './support/things.js';

test('idle resources beyond min are closed, the longest idle first', async () => {
  const { pool, clock, made } = thingPool({ max: 3, min: 1, idleTimeoutMs: 1_000, maxLifetimeMs: 0 });
  const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
  for (const lease of leases) lease.release();
  clock.advance(600);
  (await pool.acquire()).release();
  clock.advance(400);
  expect(pool.stats().size).toBe(1);
  expect(made.map((thing) => thing.destroyed)).toEqual([true, true, false]);
  clock.advance(100_000);
  expect(pool.stats().size).toBe(1);
});

// generic-pool and tarn close all idle resources when the wall clock jumps by an hour.
test('nothing depends on the wall clock', async () => {
  const { pool } = thingPool({ max: 2, idleTimeoutMs: 1_000 });
  (await pool.acquire()).release();
  const realNow = Date.now;
  Date.now = () => realNow() + 3_600_000;
  try {
    expect((await pool.acquire()).resource.id).toBe(1);
  } finally {
    Date.now = realNow;
  }
});

test('maxLifetimeMs closes idle resources, never one in use, and not all at the same time', async () => {
  const { pool, clock, made } = thingPool({
    max: 20,
    maxConnecting: 20,
    idleTimeoutMs: 0,
    maxLifetimeMs: 10_000,
  });
  const leases = await Promise.all(Array.from({ length: 20 }, () => pool.acquire()));
  for (const lease of leases.slice(1)) lease.release();
  const sizes = new Set<number>();
  for (let step = 0; step < 1_000; step++) {
    clock.advance(10);
    if (clock.now() > 9_000) sizes.add(pool.stats().idle);
  }
  // 19 lifetimes, drawn from a second and looked at in steps of 10 ms: each is closed in its own time.
  expect(sizes.size).toBeGreaterThan(10);
  expect(pool.stats()).toMatchObject({ idle: 0, inUse: 1 });
  expect(pool.inspect()[0]).toMatchObject({ state: 'leased', expired: true, uses: 1 });
  const held = leases[0]?.resource;
  expect(held?.destroyed).toBe(false);
  leases[0]?.release();
  expect(made.every((thing) => thing.destroyed)).toBe(true);
});

test('min is refilled when a resource is lost or grows too old', async () => {
  const { pool, clock } = thingPool({ max: 3, min: 2, maxLifetimeMs: 1_000 });
  expect(pool.stats().size).toBe(0);
  await pool.use(() => undefined);
  await clock.advanceAsync(0);
  expect(pool.stats()).toMatchObject({ size: 2, created: 2 });
  await clock.advanceAsync(1_000);
  expect(pool.stats().size).toBe(2);
  expect(pool.stats().destroyed).toBeGreaterThanOrEqual(2);
});

test('nothing ticks while nothing can change', async () => {
  const { pool, clock } = thingPool({ max: 3, min: 1, idleTimeoutMs: 1_000, maxLifetimeMs: 0 });
  expect(clock.pendingTimers).toBe(0);
  (await pool.acquire()).release();
  clock.advance(60_000);
  expect(clock.pendingTimers).toBe(0);
});
