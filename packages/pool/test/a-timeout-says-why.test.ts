import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from 'vitest';
import { isPoolAcquireTimeoutError, type Pool, type PoolAcquireTimeoutError } from '../src/index.js';
import { type Thing, thingPool, turn } from './support/things.js';

/** The error of a caller who waits for a second. */
async function timeout(
  pool: Pool<Thing>,
  clock: { advanceAsync(ms: number): Promise<void> },
): Promise<PoolAcquireTimeoutError> {
  const outcome = pool.acquire({ timeoutMs: 1_000 }).catch((reason: unknown) => reason);
  await clock.advanceAsync(1_000);
  const error = await outcome;
  if (!isPoolAcquireTimeoutError(error)) throw new Error('it was no timeout');
  return error;
}

// knex, pg-pool: "Timeout acquiring a connection. The pool is probably full."
test('a nested checkout in one async context is called a self-deadlock', async () => {
  const { pool, clock } = thingPool({ max: 2, acquireTimeoutMs: 1_000 });
  const nested = async () => {
    await turn();
    return pool.use(() => 'never');
  };
  const callers = Promise.allSettled([pool.use(nested), pool.use(nested)]);
  await turn();
  await turn();
  await clock.advanceAsync(1_000);
  const [first] = await callers;
  const error = first.status === 'rejected' ? first.reason : undefined;
  expect(error).toMatchObject({
    diagnosis: { reason: 'self-deadlock', heldByCaller: 1, inUse: 2 },
  });
  expect(error.message).toContain('(self-deadlock: its caller holds 1 of them himself, a nested checkout)');
  expect(error.diagnosis.holders[0]).toMatchObject({ waits: expect.any(Boolean), heldMs: 1_000 });
});

test('so is one with acquire, and a bystander is told about it', async () => {
  const { pool, clock } = thingPool({ max: 1, acquireTimeoutMs: 60_000 });
  const deadlocked = async () => {
    using outer = await pool.acquire();
    expect(outer.resource.id).toBe(1);
    await turn();
    using inner = await pool.acquire();
    return inner.resource.id;
  };
  const outcome = deadlocked().catch((reason: unknown) => reason);
  await turn();
  await turn();
  const error = await timeout(pool, clock);
  expect(error.diagnosis).toMatchObject({ reason: 'self-deadlock', heldByCaller: 0 });
  expect(error.diagnosis.holders).toMatchObject([{ waits: true }]);
  expect(error.message).toContain('1 of the holders wait for this pool themselves, nested checkouts');
  await pool.close();
  expect(await outcome).toMatchObject({ code: 'ERR_POOL_CLOSED' });
});

test('callers side by side in one context, and one after the other, are no self-deadlock', async () => {
  const { pool, clock } = thingPool({ max: 2 });
  const work = async () => {
    using lease = await pool.acquire();
    expect(lease.resource.destroyed).toBe(false);
    await new Promise(() => {});
  };
  (await pool.acquire()).release();
  void work();
  await turn();
  void work();
  await turn();
  const error = await timeout(pool, clock);
  expect(error.diagnosis).toMatchObject({ reason: 'slow-work', heldByCaller: 0 });
});

test('it can be switched off, and leaves the contexts of others alone', async () => {
  const { pool, clock } = thingPool({ max: 1, detectDeadlocks: false, acquireTimeoutMs: 1_000 });
  const mine = new AsyncLocalStorage<string>();
  await mine.run('mine', async () => {
    const outcome = pool.use(() => pool.use(() => 1)).catch((reason: unknown) => reason);
    await turn();
    await clock.advanceAsync(1_000);
    expect(await outcome).toMatchObject({ diagnosis: { reason: 'slow-work', heldByCaller: 0 } });
    expect(mine.getStore()).toBe('mine');
  });
});

test('resources that come back while more is asked for are called exhausted', async () => {
  const { pool, clock } = thingPool({ max: 1, acquireTimeoutMs: 1_000 });
  let holder = await pool.acquire();
  const first = pool.acquire();
  clock.advance(500);
  const late = pool.acquire({ timeoutMs: 600 }).catch((reason: unknown) => reason);
  clock.advance(400);
  holder.release();
  holder = await first;
  clock.advance(200);
  expect(await late).toMatchObject({ diagnosis: { reason: 'exhausted', heldForMs: [200], waitedMs: 600 } });
});

test('resources that nobody uses any more are called a leak, with the place where they were acquired', async () => {
  const { pool, clock } = thingPool({ max: 2, leakAfterMs: 5_000 });
  async function theCulprit() {
    return (await pool.acquire()).resource;
  }
  const things = [await theCulprit()];
  await clock.advanceAsync(2);
  things.push(await theCulprit());
  await clock.advanceAsync(10_000);
  const error = await timeout(pool, clock);
  expect(error.diagnosis.reason).toBe('leak');
  expect(error.diagnosis.holders).toMatchObject([{ leaked: true, heldMs: 11_002 }, { leaked: true }]);
  for (const { stack } of error.diagnosis.holders) expect(stack).toContain('theCulprit');
  expect(error.message).toMatch(/\(leak: held without being used, is a release missing\?\).*theCulprit/);
  expect(things.length).toBe(2);
});

test('a loan that lasts a hundred times the usual looks like a leak before leakAfterMs', async () => {
  const { pool, clock } = thingPool({ max: 1, leakAfterMs: 60_000 });
  for (let loan = 0; loan < 30; loan++) {
    const lease = await pool.acquire();
    clock.advance(5);
    lease.release();
  }
  await pool.acquire();
  expect((await timeout(pool, clock)).diagnosis.reason).toBe('leak');
});

test('what still does something is slow work, however long it lasts, and is described', async () => {
  const { pool, clock } = thingPool({
    max: 1,
    leakAfterMs: 100,
    describe: ({ id }) => `a long report with thing ${id}`,
  });
  await pool.acquire();
  const error = await timeout(pool, clock);
  expect(error.diagnosis).toMatchObject({ reason: 'slow-work', holders: [{ leaked: false }] });
  expect(error.message).toContain(
    'the one held for the longest is at a long report with thing 1 and was acquired',
  );
});

test('a server that cannot be reached, or does not answer, is told apart', async () => {
  let down = false;
  const { pool, clock } = thingPool({
    max: 2,
    create: () => {
      if (down) throw new Error('connection refused');
      return { id: 1, destroyed: false };
    },
  });
  await pool.acquire();
  down = true;
  expect((await timeout(pool, clock)).diagnosis.reason).toBe('unreachable');
  const frozen = thingPool({ max: 1, validate: () => new Promise(() => {}), checkTimeoutMs: 60_000 });
  (await frozen.pool.acquire()).release();
  frozen.clock.advance(1_000);
  expect((await timeout(frozen.pool, frozen.clock)).diagnosis.reason).toBe('unreachable');
  const slow = thingPool({ max: 1, create: () => new Promise<Thing>(() => {}) });
  expect((await timeout(slow.pool, slow.clock)).diagnosis.reason).toBe('connecting');
});

test('ten thousand who time out at once share one picture', async () => {
  const { pool, clock } = thingPool({ max: 1, acquireTimeoutMs: 1_000, maxQueued: 20_000 });
  await pool.acquire();
  const waiting = Array.from({ length: 10_000 }, () => pool.acquire().catch((reason: unknown) => reason));
  clock.advance(1_000);
  const errors = (await Promise.all(waiting)) as PoolAcquireTimeoutError[];
  expect(new Set(errors.map(({ diagnosis }) => diagnosis.holders)).size).toBe(1);
});

test('a check that is not answered, while more could be opened, is a server that does not answer', async () => {
  const { pool, clock } = thingPool({
    max: 3,
    acquireTimeoutMs: 400,
    validateAfterIdleMs: 10,
    validate: () => new Promise<boolean>(() => {}),
  });
  await pool.use(() => {});
  await clock.advanceAsync(20);
  const waiting = pool.acquire().catch((error: { diagnosis: { reason: string } }) => error.diagnosis.reason);
  await clock.advanceAsync(400);
  expect(await waiting).toBe('unreachable');
});
