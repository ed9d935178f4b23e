import { expect, test } from 'vitest';
import { Pool } from '../src/index.js';
import { fate, type Thing, thingPool, turn } from './support/things.js';

test('only a resource that was idle for long enough is validated', async () => {
  let asked = 0;
  const validate = async () => {
    asked += 1;
    return true;
  };
  const { pool, clock } = thingPool({ max: 1, validate, validateAfterIdleMs: 500 });
  (await pool.acquire()).release();
  clock.advance(499);
  (await pool.acquire()).release();
  expect(asked).toBe(0);
  clock.advance(500);
  expect(pool.tryAcquire()).toBeUndefined();
  (await pool.acquire()).release();
  expect(asked).toBe(1);
});

// generic-pool: a validate that rejects is an unhandled rejection and the resource is lost.
test.each([
  ['says no', () => false],
  ['resolves with false', () => Promise.resolve(false)],
  ['rejects', () => Promise.reject(new Error('cannot tell'))],
  [
    'throws',
    () => {
      throw new Error('cannot tell');
    },
  ],
] as [string, () => boolean | Promise<boolean>][])(
  'a validate that %s costs the resource, not the caller',
  async (_, validate) => {
    const { pool, clock, made } = thingPool({ max: 1, validate });
    (await pool.acquire()).release();
    clock.advance(1_000);
    const lease = await pool.acquire();
    expect(lease.resource.id).toBe(2);
    expect(made[0]?.destroyed).toBe(true);
    expect(pool.stats()).toMatchObject({ validationFailures: 1, size: 1, destroyed: 1 });
  },
);

test('a validate that hangs costs checkTimeoutMs', async () => {
  const { pool, clock } = thingPool({ max: 1, validate: () => new Promise(() => {}), checkTimeoutMs: 200 });
  (await pool.acquire()).release();
  clock.advance(1_000);
  const waiting = pool.acquire();
  expect(await fate(waiting)).toBe('pending');
  clock.advance(200);
  expect((await waiting).resource.id).toBe(2);
});

test('a reset in progress keeps the next holder waiting, a failed one brings a new resource', async () => {
  const answers: ((passed: boolean) => void)[] = [];
  const { pool, made } = thingPool({
    max: 1,
    reset: () => new Promise<boolean>((resolve) => answers.push(resolve)),
  });
  (await pool.acquire()).release();
  const second = pool.acquire();
  expect(await fate(second)).toBe('pending');
  answers.shift()?.(true);
  expect((await second).resource.id).toBe(1);
  (await second).release();
  const third = pool.acquire();
  answers.shift()?.(false);
  expect((await third).resource.id).toBe(2);
  expect(made[0]?.destroyed).toBe(true);
});

test('a resource that ends by itself leaves the pool, in idle at once, in use when it comes back', async () => {
  const ends: ((error?: unknown) => void)[] = [];
  const made: Thing[] = [];
  const { pool } = thingPool({
    max: 2,
    create: ({ lost }) => {
      ends.push(lost);
      const thing = { id: ends.length, destroyed: false };
      made.push(thing);
      return thing;
    },
  });
  const [first, second] = await Promise.all([pool.acquire(), pool.acquire()]);
  first.release();
  ends[0]?.(new Error('closed'));
  expect(made[0]?.destroyed).toBe(true);
  expect(pool.stats()).toMatchObject({ size: 1, idle: 0, inUse: 1 });
  ends[1]?.(new Error('closed'));
  expect(made[1]?.destroyed).toBe(false);
  second.release();
  expect(made[1]?.destroyed).toBe(true);
  expect((await pool.acquire()).resource.id).toBe(3);
});

test('a resource that ends while create is still under way counts as a failed create', async () => {
  const { pool } = thingPool({
    create: async ({ lost }) => {
      lost(new Error('closed in the handshake'));
      return { id: 1, destroyed: false };
    },
  });
  await expect(pool.acquire()).rejects.toThrow('closed in the handshake');
});

test('maxUses closes a resource after so many loans', async () => {
  const { pool, made } = thingPool({ max: 1, maxUses: 2 });
  for (let turnNumber = 0; turnNumber < 5; turnNumber++) (await pool.acquire()).release();
  expect(made.map((thing) => thing.destroyed)).toEqual([true, true, false]);
});

test('destroy may fail without anybody being hurt', async () => {
  const { pool } = thingPool({ max: 1, destroy: () => Promise.reject(new Error('no')) });
  const operations: string[] = [];
  pool.on('error', ({ operation }) => operations.push(operation));
  (await pool.acquire()).destroy();
  await turn();
  expect(operations).toEqual(['destroy']);
  (await pool.acquire()).release();
});

test('one that is lost while it is being validated leaves nobody waiting', async () => {
  let answer = (_well: boolean): void => {};
  const validate = () =>
    new Promise<boolean>((resolve) => {
      answer = resolve;
    });
  const losses: ((error: Error) => void)[] = [];
  const { pool, clock } = thingPool({
    max: 1,
    validate,
    create: ({ lost }) => {
      losses.push(lost);
      return { id: losses.length, destroyed: false };
    },
  });
  (await pool.acquire()).release();
  clock.advance(1_000);
  const waiting = pool.acquire();
  await turn();
  losses[0]?.(new Error('gone'));
  answer(true);
  expect((await waiting).resource.id).toBe(2);
  await pool.close();
});

test('validateAfterIdleMs 0 validates always, also what was made a moment ago', async () => {
  let asked = 0;
  const validate = () => {
    asked += 1;
    return asked > 1;
  };
  const pool = new Pool({ name: 'always', create: () => ({}), validate, validateAfterIdleMs: 0, max: 1 });
  for (let round = 0; round < 3; round++) await pool.use(() => {});
  expect(asked).toBe(2);
  expect(pool.stats()).toMatchObject({ created: 2, validationFailures: 1 });
  await pool.close();
});
