import { expect, test } from 'vitest';
import { thingPool } from './support/things.js';

// generic-pool and tarn: an earlier holder's second release frees the loan of the next holder.
test('a second release by an earlier holder does not touch the next holder’s loan', async () => {
  const { pool } = thingPool({ max: 1 });
  const earlier = await pool.acquire();
  const next = pool.acquire();
  expect(earlier.release()).toBe(true);
  const holder = await next;
  expect(earlier.release()).toBe(false);
  expect(earlier.destroy()).toBe(false);
  expect(holder.active).toBe(true);
  expect(holder.resource.destroyed).toBe(false);
  expect(pool.tryAcquire()).toBeUndefined();
  expect(pool.stats()).toMatchObject({ inUse: 1, released: 1 });
});

test('a lease that has ended does not give its resource away', async () => {
  const { pool } = thingPool();
  const lease = await pool.acquire();
  lease.release();
  expect(lease.active).toBe(false);
  expect(() => lease.resource).toThrow(expect.objectContaining({ code: 'ERR_POOL_LEASE_ENDED' }));
});

test('leases work with using and await using', async () => {
  const { pool } = thingPool({ max: 1 });
  {
    using lease = await pool.acquire();
    expect(lease.resource.id).toBe(1);
  }
  {
    await using lease = await pool.acquire();
    expect(lease.resource.id).toBe(1);
  }
  expect(pool.stats()).toMatchObject({ idle: 1, released: 2 });
});

test('destroy takes the resource out and the next caller gets a new one', async () => {
  const { pool, made } = thingPool({ max: 1 });
  const reasons: unknown[] = [];
  pool.on('destroyed', ({ reason, error }) => reasons.push([reason, error]));
  const lease = await pool.acquire();
  const waiting = pool.acquire();
  const error = new Error('broken');
  lease.destroy(error);
  expect(made[0]?.destroyed).toBe(true);
  expect((await waiting).resource.id).toBe(2);
  expect(reasons).toEqual([['holder', error]]);
});

test('use releases after success and failure, and destroys what isBroken recognises', async () => {
  const { pool, made } = thingPool({ max: 1, isBroken: (error) => error === 'broken' });
  expect(await pool.use((thing) => thing.id)).toBe(1);
  await expect(pool.use(() => Promise.reject('mistake'))).rejects.toBe('mistake');
  expect(pool.stats().idle).toBe(1);
  await expect(
    pool.use(() => {
      throw 'broken';
    }),
  ).rejects.toBe('broken');
  expect(made[0]?.destroyed).toBe(true);
  expect(await pool.use((thing) => thing.id)).toBe(2);
});
