import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { Leak, Pool } from '../src/index.js';
import { type Thing, thingPool, turn } from './support/things.js';

function leaksOf(pool: Pool<Thing>): Leak<Thing>[] {
  const leaks: Leak<Thing>[] = [];
  pool.on('leak', (leak) => leaks.push(leak));
  return leaks;
}

test('what is neither used nor given back is reported once, with its age and where it was acquired', async () => {
  const { pool, clock } = thingPool({ leakAfterMs: 1_000 });
  const leaks = leaksOf(pool);
  async function forgetful() {
    return pool.acquire();
  }
  const lease = await forgetful();
  await clock.advanceAsync(10_000);
  expect(leaks).toMatchObject([{ heldMs: 1_000, unusedMs: 1_000, collected: false, resource: { id: 1 } }]);
  expect(leaks[0]?.stack).toContain('forgetful');
  expect(leaks[0]?.stack).not.toContain('acquire-path');
  expect(pool.stats()).toMatchObject({ leaksSuspected: 1, inUse: 1 });
  expect(lease.release()).toBe(true);
});

test('a holder who goes on using it is not suspected', async () => {
  const { pool, clock } = thingPool({ leakAfterMs: 1_000 });
  const lease = await pool.acquire();
  for (let round = 0; round < 20; round++) {
    await clock.advanceAsync(600);
    expect(lease.resource.id).toBe(1);
  }
  expect(pool.stats().leaksSuspected).toBe(0);
  await clock.advanceAsync(2_000);
  expect(pool.stats().leaksSuspected).toBe(1);
});

test('callers who waited, and those of use and tryAcquire, have their stacks too', async () => {
  const { pool, clock } = thingPool({ max: 1, leakAfterMs: 1_000 });
  const leaks = leaksOf(pool);
  const holder = await pool.acquire();
  clock.advance(10);
  async function whoWaited() {
    const lease = await pool.acquire();
    await clock.advanceAsync(2_000);
    lease.release();
  }
  const waiting = whoWaited();
  holder.release();
  await waiting;
  function whoTried() {
    return pool.tryAcquire();
  }
  const tried = whoTried();
  await clock.advanceAsync(2_000);
  tried?.release();
  async function whoUsed() {
    await pool.use(() => clock.advanceAsync(2_000));
  }
  await whoUsed();
  expect(leaks.map(({ stack }) => /whoWaited|whoTried|whoUsed/.exec(stack ?? '')?.[0])).toEqual([
    'whoWaited',
    'whoTried',
    'whoUsed',
  ]);
});

test('leakAfterMs 0 looks for nothing', async () => {
  const { pool, clock } = thingPool({ leakAfterMs: 0 });
  await pool.acquire();
  await clock.advanceAsync(100_000_000);
  expect(pool.stats().leaksSuspected).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test('the last resort: a lease that was collected without being released frees its place', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { pool, clock, made } = thingPool({ max: 1, leakAfterMs: 2_000 });
  const leaks = leaksOf(pool);
  await (async () => {
    const lost = await pool.acquire();
    expect(lost.resource.id).toBe(1);
  })();
  const waiting = pool.acquire({ timeoutMs: 0 });
  await clock.advanceAsync(1_000);
  for (let round = 0; round < 50 && leaks.length === 0; round++) {
    await turn();
    collect();
    await sleep(2);
  }
  expect(leaks).toMatchObject([{ collected: true, resource: { id: 1 } }]);
  expect(made[0]?.destroyed).toBe(true);
  expect((await waiting).resource.id).toBe(2);
  expect(pool.stats()).toMatchObject({ leaksReclaimed: 1, size: 1 });
});

test('a lease that is kept is not collected, and one that was given back is no leak', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { pool, clock } = thingPool({ max: 2, leakAfterMs: 2_000 });
  const kept = await pool.acquire();
  await (async () => {
    const lease = await pool.acquire();
    expect(lease.resource.id).toBe(2);
    await clock.advanceAsync(1_000);
    lease.release();
  })();
  await clock.advanceAsync(1_000);
  for (let round = 0; round < 5; round++) {
    collect();
    await sleep(2);
  }
  expect(pool.stats()).toMatchObject({ leaksReclaimed: 0, size: 2 });
  expect(kept.active).toBe(true);
});
