import { expect, test } from 'vitest';
import { isPoolClosedError } from '../src/index.js';
import { fate, type Thing, thingPool, turn } from './support/things.js';

test('drain rejects all who wait, closes what is idle and waits for the holders', async () => {
  const { pool, made } = thingPool({ max: 2 });
  const [first, second] = await Promise.all([pool.acquire(), pool.acquire()]);
  const waiting = pool.acquire();
  second.release();
  (await waiting).release();
  const more = [pool.acquire(), pool.acquire()];
  await more[0];
  const drained = pool.drain();
  await expect(more[1]).rejects.toSatisfy(isPoolClosedError);
  await expect(pool.acquire()).rejects.toSatisfy(isPoolClosedError);
  expect(pool.tryAcquire()).toBeUndefined();
  expect(await fate(drained)).toBe('pending');
  first.release();
  (await more[0])?.release();
  await drained;
  expect(made.every((thing) => thing.destroyed)).toBe(true);
  expect(pool.stats()).toMatchObject({ size: 0, waiting: 0 });
});

// generic-pool and tarn wait for ever for a resource that nobody gives back.
test('drain ends after timeoutMs; what is still out is taken back and its lease is inert', async () => {
  const { pool, clock, made } = thingPool({ max: 1 });
  const lease = await pool.acquire();
  const drained = pool.drain({ timeoutMs: 1_000 });
  clock.advance(999);
  expect(await fate(drained)).toBe('pending');
  clock.advance(1);
  await drained;
  expect(made[0]?.destroyed).toBe(true);
  expect(lease.active).toBe(false);
  expect(lease.release()).toBe(false);
});

test('a later call may end it earlier; close does not wait for holders', async () => {
  const { pool } = thingPool({ max: 1 });
  await pool.acquire();
  const drained = pool.drain({ timeoutMs: 60_000 });
  await pool.close();
  await drained;
});

test('a destroy that hangs does not keep drain', async () => {
  const { pool, clock } = thingPool({ max: 1, destroy: () => new Promise(() => {}) });
  (await pool.acquire()).release();
  const drained = pool.drain({ timeoutMs: 100 });
  clock.advance(100);
  clock.advance(1_000);
  await drained;
});

test('what create brings after the drain is destroyed', async () => {
  let arrive: (thing: Thing) => void = () => {};
  let signal: AbortSignal | undefined;
  const { pool } = thingPool({
    create: (context) => {
      signal = context.signal;
      return new Promise<Thing>((resolve) => {
        arrive = resolve;
      });
    },
  });
  const waiting = pool.acquire();
  const drained = pool.drain();
  await expect(waiting).rejects.toSatisfy(isPoolClosedError);
  expect(signal?.aborted).toBe(true);
  const late = { id: 1, destroyed: false };
  arrive(late);
  await drained;
  expect(late.destroyed).toBe(true);
});

test('await using drains the pool', async () => {
  let kept: ReturnType<typeof thingPool>;
  {
    kept = thingPool();
    await using pool = kept.pool;
    (await pool.acquire()).release();
  }
  await turn();
  expect(kept.made[0]?.destroyed).toBe(true);
});
