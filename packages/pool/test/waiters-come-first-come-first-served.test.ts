import { expect, test } from 'vitest';
import { isPoolAcquireTimeoutError, isPoolQueueFullError } from '../src/index.js';
import { fate, thingPool, turn } from './support/things.js';

test('waiters are served in the order they came', async () => {
  const { pool } = thingPool({ max: 1 });
  const first = await pool.acquire();
  const order: number[] = [];
  const others = [1, 2, 3].map((number) =>
    pool.acquire().then((lease) => {
      order.push(number);
      lease.release();
    }),
  );
  first.release();
  await Promise.all(others);
  expect(order).toEqual([1, 2, 3]);
});

test('the resource that was used last is lent first', async () => {
  const { pool } = thingPool({ max: 3 });
  const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
  const ids = leases.map((lease) => lease.resource.id);
  for (const lease of leases) lease.release();
  expect((await pool.acquire()).resource.id).toBe(ids[2]);
  expect((await pool.acquire()).resource.id).toBe(ids[1]);
});

test('a caller who passes its deadline is told why, and the next ones are still served', async () => {
  const { pool, clock } = thingPool({ max: 1, acquireTimeoutMs: 1_000 });
  const holder = await pool.acquire();
  clock.advance(2_000);
  const late = pool.acquire();
  clock.advance(500);
  const patient = pool.acquire();
  clock.advance(500);
  const error = await late.catch((reason: unknown) => reason);
  expect(isPoolAcquireTimeoutError(error)).toBe(true);
  expect(error).toMatchObject({
    code: 'ERR_POOL_ACQUIRE_TIMEOUT',
    diagnosis: { reason: 'slow-work', max: 1, inUse: 1, waiting: 1, waitedMs: 1_000, heldForMs: [3_000] },
  });
  expect((error as Error).message).toMatch(
    /^Pool "things": nothing free within 1\.0 s \(slow-work: most did not come back meanwhile\): 1 of 1 in use \(held for 3\.0 s\), 0 idle, 0 connecting, 1 more waiting; the one held for the longest was acquired at .*waiters-come-first/,
  );
  holder.release();
  (await patient).release();
  expect(pool.stats()).toMatchObject({ acquireTimeouts: 1, waiting: 0, idle: 1, acquireWaitMs: 500 });
});

test('timeoutMs of a call goes before that of the pool, and 0 waits on', async () => {
  const { pool, clock } = thingPool({ max: 1, acquireTimeoutMs: 100 });
  const holder = await pool.acquire();
  const short = pool.acquire({ timeoutMs: 10 });
  const patient = pool.acquire({ timeoutMs: 0 });
  clock.advance(10);
  await expect(short).rejects.toSatisfy(isPoolAcquireTimeoutError);
  clock.advance(100_000);
  expect(await fate(patient)).toBe('pending');
  holder.release();
  (await patient).release();
});

test('an aborted caller leaves the queue at once, with the signal’s reason, and is not counted as a timeout', async () => {
  const { pool } = thingPool({ max: 1 });
  const holder = await pool.acquire();
  const controller = new AbortController();
  const waiting = pool.acquire({ signal: controller.signal });
  const reason = new Error('the visitor left');
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(pool.acquire({ signal: controller.signal })).rejects.toBe(reason);
  expect(pool.stats()).toMatchObject({ waiting: 0, acquireAborted: 2, acquireTimeouts: 0 });
  holder.release();
  expect(pool.stats().idle).toBe(1);
});

test('a full queue refuses on arrival', async () => {
  const { pool } = thingPool({ max: 1, maxQueued: 2 });
  const holder = await pool.acquire();
  const waiting = [pool.acquire(), pool.acquire()];
  await expect(pool.acquire()).rejects.toSatisfy(isPoolQueueFullError);
  expect(pool.stats()).toMatchObject({ refused: 1, waiting: 2 });
  holder.release();
  for (const lease of waiting) (await lease).release();
});

test('maxQueued 0 still lets callers open what max allows, and wait for a validation', async () => {
  const { pool, clock } = thingPool({ max: 2, maxQueued: 0, validate: async () => true });
  const leases = await Promise.all([pool.acquire(), pool.acquire()]);
  await expect(pool.acquire()).rejects.toSatisfy(isPoolQueueFullError);
  for (const lease of leases) lease.release();
  clock.advance(10_000);
  (await pool.acquire()).release();
});

test('tryAcquire takes what is ready and never overtakes those who wait', async () => {
  const { pool } = thingPool({ max: 1 });
  expect(pool.tryAcquire()).toBeUndefined();
  const holder = await pool.acquire();
  const waiting = pool.acquire();
  holder.release();
  expect(pool.tryAcquire()).toBeUndefined();
  (await waiting).release();
  const lease = pool.tryAcquire();
  expect(lease?.resource.id).toBe(1);
});

test('thousands who give up leave no trace in the queue', async () => {
  const { pool } = thingPool({ max: 1 });
  const holder = await pool.acquire();
  const controller = new AbortController();
  const gone = Array.from({ length: 5_000 }, () => pool.acquire({ signal: controller.signal }));
  const last = pool.acquire();
  controller.abort();
  expect((await Promise.allSettled(gone)).every(({ status }) => status === 'rejected')).toBe(true);
  expect(pool.stats().waiting).toBe(1);
  holder.release();
  (await last).release();
  await turn();
  expect(pool.stats()).toMatchObject({ waiting: 0, idle: 1, acquireAborted: 5_000 });
});

test('a wrong timeoutMs rejects, as everything that is wrong with an acquire', async () => {
  const { pool } = thingPool();
  await expect(pool.acquire({ timeoutMs: -1 })).rejects.toBeInstanceOf(RangeError);
});

test('deadlines of different lengths are kept, whoever came first, also when a listener asks for more', async () => {
  const { pool, clock } = thingPool({ max: 1, acquireTimeoutMs: 100 });
  await pool.acquire();
  const ends: string[] = [];
  const wait = (name: string, timeoutMs?: number) =>
    pool
      .acquire(timeoutMs === undefined ? {} : { timeoutMs })
      .catch(() => ends.push(`${name} ${clock.now()}`));
  let asked = false;
  pool.on('timeout', () => {
    if (!asked) wait('from the listener');
    asked = true;
  });
  wait('patient', 0);
  wait('common');
  wait('long', 500);
  wait('short', 10);
  await clock.advanceAsync(50);
  wait('later');
  await clock.advanceAsync(1_000);
  expect(ends).toEqual(['short 10', 'common 100', 'from the listener 110', 'later 150', 'long 500']);
  expect(clock.pendingTimers).toBeLessThanOrEqual(1);
});
