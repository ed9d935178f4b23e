import { expect } from 'vitest';
import { isPoolAcquireTimeoutError, type PgPool, toTarn } from '../src/pg.js';
import { pgPool, postgresTest } from './support/postgres.js';

async function why(waiting: Promise<unknown>) {
  const error = await waiting.catch((reason: unknown) => reason);
  if (!isPoolAcquireTimeoutError(error)) throw new Error('it was no timeout');
  return error.diagnosis;
}

/** Holds a connection and asks for another one, as code does that was not given the transaction. */
async function nested(pool: PgPool): Promise<unknown> {
  const client = await pool.connect();
  try {
    await client.query('SELECT 1');
    return await pool.query('SELECT 2');
  } finally {
    client.release();
  }
}

postgresTest(
  'a query beside the client that one holds is a self-deadlock when there is no other',
  async () => {
    const pool = pgPool({ max: 1, acquireTimeoutMs: 200 });
    expect(await why(nested(pool))).toMatchObject({
      reason: 'self-deadlock',
      heldByCaller: 1,
      holders: [{ waits: false }],
    });
  },
);

postgresTest('queries side by side are none, whoever began them', async () => {
  const pool = pgPool({ max: 2, acquireTimeoutMs: 300 });
  const slow = [pool.query('SELECT pg_sleep(0.6)'), pool.query('SELECT pg_sleep(0.6)')];
  const third = await why(pool.query('SELECT 1'));
  expect(third).toMatchObject({ reason: 'slow-work', heldByCaller: 0 });
  expect(third.holders[0]?.doing).toMatch(/^select pg_sleep/i);
  await Promise.all(slow);
});

postgresTest('a holder’s stack begins with the caller of the pool, whichever way he took', async () => {
  const pool = pgPool({ max: 1, acquireTimeoutMs: 50 });
  const tarn = toTarn(pool);
  await pool.query('SELECT 1');
  for (const theWayIn of [
    async function theWayIn(): Promise<() => void> {
      const client = await pool.connect();
      return () => client.release();
    },
    async function theWayIn(): Promise<() => void> {
      const lease = await pool.lease();
      return () => lease.release();
    },
    async function theWayIn(): Promise<() => void> {
      const client = await tarn.acquire().promise;
      return () => tarn.release(client);
    },
  ]) {
    // A stack is kept about once a millisecond.
    await expect
      .poll(async () => {
        const leave = await theWayIn();
        const { holders } = await why(pool.query('SELECT 2'));
        leave();
        return holders[0]?.stack?.split('\n', 1)[0] ?? 'not sampled';
      })
      .toContain('theWayIn');
  }
});

const FAILS_TO_SERIALIZE = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$";

postgresTest('so does that of a transaction that is tried again, and of a plan', async () => {
  const pool = pgPool({ max: 1, acquireTimeoutMs: 50 });
  await pool.query('SELECT 1');
  let begun = (): void => {};
  let leave = (): void => {};
  async function aSecondTry(): Promise<void> {
    let tries = 0;
    await pool.transaction(async (client) => {
      tries += 1;
      if (tries === 1) await client.query(FAILS_TO_SERIALIZE);
      begun();
      await new Promise<void>((resolve) => {
        leave = resolve;
      });
    });
  }
  async function aPlan(): Promise<void> {
    const planning = pool.explain('SELECT pg_sleep(0.2)', [], { analyze: true });
    begun();
    await planning;
  }
  for (const theWayIn of [aSecondTry, aPlan]) {
    await expect
      .poll(
        async () => {
          const beginning = new Promise<void>((resolve) => {
            begun = resolve;
          });
          const working = theWayIn();
          await beginning;
          const { holders } = await why(pool.query('SELECT 2'));
          leave();
          await working;
          return holders[0]?.stack?.split('\n', 1)[0] ?? 'not sampled';
        },
        { timeout: 10_000 },
      )
      .toContain(theWayIn.name);
  }
});
