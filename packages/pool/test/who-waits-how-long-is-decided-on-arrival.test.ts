import { expect, test } from 'vitest';
import { isPoolOverloadedError } from '../src/index.js';
import { fate, thingPool } from './support/things.js';

test('higher priorities are served first, first come, first served within one', async () => {
  const { pool } = thingPool({ max: 1 });
  const holder = await pool.acquire();
  const order: string[] = [];
  const ask = (name: string, priority?: number) =>
    pool.acquire({ priority }).then((lease) => {
      order.push(name);
      lease.release();
    });
  const all = [ask('a'), ask('b', 0), ask('c', 3), ask('d', 9), ask('e', 3), ask('f')];
  holder.release();
  await Promise.all(all);
  expect(order).toEqual(['d', 'c', 'e', 'a', 'b', 'f']);
});

test('callers with a priority have their deadline, can be aborted, and are settled by a drain', async () => {
  const { pool, clock } = thingPool({ max: 1, acquireTimeoutMs: 100 });
  await pool.acquire();
  const controller = new AbortController();
  const aborted = pool.acquire({ priority: 2, signal: controller.signal });
  const late = pool.acquire({ priority: 5 });
  const patient = pool.acquire({ priority: 5, timeoutMs: 0 });
  controller.abort(new Error('gone'));
  await expect(aborted).rejects.toThrow('gone');
  clock.advance(100);
  await expect(late).rejects.toMatchObject({ code: 'ERR_POOL_ACQUIRE_TIMEOUT' });
  expect(pool.stats()).toMatchObject({ waiting: 1, acquireTimeouts: 1, acquireAborted: 1 });
  void pool.drain();
  await expect(patient).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
  expect(pool.stats().waiting).toBe(0);
});

test.each([-1, 10, 1.5, Number.NaN])('a priority of %d is a RangeError', async (priority) => {
  const { pool } = thingPool();
  await (await pool.acquire()).release();
  const busy = thingPool({ max: 1 });
  await busy.pool.acquire();
  await expect(busy.pool.acquire({ priority })).rejects.toBeInstanceOf(RangeError);
});

/** A pool of one whose holders take 100 ms each and have done so for a while, with `waiting` callers in the queue. */
async function busyPool(waiting: number, acquireTimeoutMs: number) {
  const { pool, clock } = thingPool({ max: 1, acquireTimeoutMs: 60_000 });
  const holder = await pool.acquire();
  let last = holder;
  for (let round = 0; round < 30; round++) {
    const next = pool.acquire();
    clock.advance(100);
    last.release();
    last = await next;
  }
  const queue = Array.from({ length: waiting }, () => pool.acquire());
  for (const caller of queue) caller.catch(() => {});
  return { pool, clock, last, ask: () => pool.acquire({ timeoutMs: acquireTimeoutMs }), queue };
}

test('a caller whose predicted wait passes its deadline is refused on arrival, and told how long it would have been', async () => {
  const { pool, ask } = await busyPool(20, 1_000);
  const error = await ask().catch((reason: unknown) => reason);
  expect(isPoolOverloadedError(error)).toBe(true);
  expect(error).toMatchObject({ code: 'ERR_POOL_OVERLOADED', timeoutMs: 1_000 });
  const { predictedWaitMs } = error as { predictedWaitMs: number };
  expect(predictedWaitMs).toBeGreaterThan(1_900);
  expect(predictedWaitMs).toBeLessThan(2_300);
  expect(pool.stats()).toMatchObject({ refused: 1, waiting: 20 });
});

test('who can be served in time, who has no deadline, who goes before the others, and who is first may wait', async () => {
  const { pool, ask } = await busyPool(5, 1_000);
  expect(await fate(ask())).toBe('pending');
  const slow = await busyPool(50, 1_000);
  expect(await fate(slow.pool.acquire({ timeoutMs: 0 }))).toBe('pending');
  expect(await fate(slow.pool.acquire({ timeoutMs: 1_000, priority: 1 }))).toBe('pending');
  const first = await busyPool(0, 10);
  expect(await fate(first.ask())).toBe('pending');
  expect(pool.stats().refused + slow.pool.stats().refused + first.pool.stats().refused).toBe(0);
});

test('nothing is predicted from little, nor from a pool that serves everybody at once', async () => {
  const { pool, clock } = thingPool({ max: 1, acquireTimeoutMs: 1_000 });
  for (let round = 0; round < 100; round++) {
    const lease = await pool.acquire();
    clock.advance(100);
    lease.release();
  }
  const holder = await pool.acquire();
  const burst = Array.from({ length: 500 }, () => pool.acquire());
  expect(pool.stats()).toMatchObject({ waiting: 500, refused: 0 });
  void pool.close();
  await Promise.allSettled(burst);
  expect(holder.active).toBe(false);
});

// 1,000 callers with 200 ms each: with pg-pool 699 of them waited their whole 200 ms for nothing.
test('of a burst those who cannot be served are told at once, the others are served', async () => {
  const { pool, clock } = thingPool({ max: 10, maxConnecting: 10, acquireTimeoutMs: 200 });
  let served = 0;
  const outcomes = { served: 0, refused: 0, timedOut: 0 };
  const loan = async () => {
    try {
      const lease = await pool.acquire();
      served += 1;
      clock.setTimer(() => lease.release(), 5);
      outcomes.served += 1;
    } catch (error) {
      outcomes[isPoolOverloadedError(error) ? 'refused' : 'timedOut'] += 1;
    }
  };
  const warmUp = Array.from({ length: 100 }, loan);
  await clock.advanceAsync(200);
  await Promise.all(warmUp);
  expect(served).toBe(100);
  const burst = Array.from({ length: 1_000 }, loan);
  await clock.advanceAsync(0);
  const { refused } = outcomes;
  expect(refused).toBeGreaterThan(500);
  await clock.advanceAsync(1_000);
  await Promise.all(burst);
  expect(outcomes.refused).toBe(refused);
  expect(outcomes.timedOut).toBeLessThan(60);
  expect(outcomes.served).toBeGreaterThan(450);
});
