import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isPoolAcquireTimeoutError, Pool } from '../src/index.js';
import { fate, type Thing, thingPool, turn } from './support/things.js';

/** A server that can be down; dials are counted. */
function server(down = true) {
  const state = { down, dials: 0, refusal: new Error('connection refused') };
  const create = async (): Promise<Thing> => {
    state.dials += 1;
    await turn();
    if (state.down) throw state.refusal;
    return { id: state.dials, destroyed: false };
  };
  return { state, create };
}

test('all who wait share one dial, and get its error when nothing is open', async () => {
  const { state, create } = server();
  const { pool } = thingPool({ create, max: 10, maxConnecting: 1 });
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => pool.acquire()));
  expect(results.every((result) => result.status === 'rejected' && result.reason === state.refusal)).toBe(
    true,
  );
  expect(state.dials).toBe(1);
});

// generic-pool: a factory that rejects at once keeps the event loop busy for ever, its own timeout cannot fire.
test('a factory that throws or rejects at once does not lock the event loop', async () => {
  for (const create of [
    () => Promise.reject(new Error('at once')),
    (): Thing => {
      throw new Error('at once');
    },
  ]) {
    let dials = 0;
    const pool = new Pool<Thing>({
      name: 'broken',
      acquireTimeoutMs: 150,
      create: () => {
        dials += 1;
        return create();
      },
    });
    let errors = 0;
    const stop = Date.now() + 300;
    const caller = async () => {
      while (Date.now() < stop) {
        await pool.acquire().catch(() => {
          errors += 1;
        });
      }
    };
    await Promise.all([caller(), caller(), caller(), sleep(20)]);
    expect(errors).toBeGreaterThan(0);
    expect(dials).toBeLessThan(10);
    await pool.drain();
  }
});

test('pauses grow, callers get the error of the next attempt, and the first success serves everybody', async () => {
  const { state, create } = server();
  const { pool, clock } = thingPool({ create, max: 5, maxConnecting: 1, acquireTimeoutMs: 60_000 });
  const events: string[] = [];
  pool.on('down', () => events.push('down'));
  pool.on('up', () => events.push('up'));
  await expect(pool.acquire()).rejects.toBe(state.refusal);
  let longest = 0;
  for (let round = 0; round < 4; round++) {
    const waiting = pool.acquire();
    expect(await fate(waiting)).toBe('pending');
    const before = clock.now();
    while ((await fate(waiting)) === 'pending') clock.advance(5);
    await expect(waiting).rejects.toBe(state.refusal);
    longest = Math.max(longest, clock.now() - before);
  }
  expect(state.dials).toBe(5);
  expect(longest).toBeGreaterThan(150);
  expect(longest).toBeLessThanOrEqual(405);
  state.down = false;
  await clock.advanceAsync(1_000);
  await Promise.all(Array.from({ length: 20 }, () => pool.use((thing) => thing.id)));
  expect(events).toEqual(['down', 'up']);
});

test('after five failures in a row callers get the error at once, and their asking keeps one attempt a second going', async () => {
  const { state, create } = server();
  const { pool, clock } = thingPool({ create, maxConnecting: 1 });
  for (let round = 0; round < 5; round++) {
    const waiting = expect(pool.acquire()).rejects.toBe(state.refusal);
    await clock.advanceAsync(1_000);
    await waiting;
  }
  const { dials } = state;
  const answers: Promise<unknown>[] = [];
  let waited = 0;
  for (let ms = 0; ms < 10_000; ms += 5) {
    const answer = pool.acquire();
    answers.push(expect(answer).rejects.toBe(state.refusal));
    if ((await fate(answer)) === 'pending') waited += 1;
    clock.advance(5);
  }
  await turn();
  await Promise.all(answers);
  // One attempt every 400 to 800 ms; those who come while it is under way wait for it.
  expect(state.dials - dials).toBeGreaterThan(10);
  expect(state.dials - dials).toBeLessThan(26);
  expect(waited).toBeLessThan(60);
  expect(pool.stats()).toMatchObject({ unreachable: 2_005, waiting: 0, failedCreations: state.dials });
  state.down = false;
  await clock.advanceAsync(800);
  (await pool.acquire()).release();
  expect(pool.stats().failedCreations).toBe(0);
});

test('nobody asks: an outage costs no attempts', async () => {
  const { state, create } = server();
  const { pool, clock } = thingPool({ create, maxConnecting: 1 });
  await expect(pool.acquire()).rejects.toBe(state.refusal);
  await clock.advanceAsync(600_000);
  expect(state.dials).toBe(1);
});

test('while something is open, callers wait for it instead of failing with the dial', async () => {
  const { state, create } = server(false);
  const { pool } = thingPool({ create, max: 3 });
  const holder = await pool.acquire();
  state.down = true;
  const waiting = pool.acquire();
  await turn();
  await turn();
  expect(state.dials).toBe(2);
  expect(await fate(waiting)).toBe('pending');
  holder.release();
  (await waiting).release();
});

test('the timeout error of a caller carries the last connect error', async () => {
  const { state, create } = server(false);
  const { pool, clock } = thingPool({ create, max: 3, acquireTimeoutMs: 20 });
  await pool.acquire();
  state.down = true;
  const waiting = pool.acquire();
  await turn();
  await turn();
  clock.advance(20);
  const error = (await waiting.catch((reason: unknown) => reason)) as Error;
  expect(isPoolAcquireTimeoutError(error)).toBe(true);
  expect(error.cause).toBe(state.refusal);
  expect(error).toMatchObject({ diagnosis: { reason: 'unreachable', failedCreations: 1 } });
  expect(error.message).toContain('the last connect failed, 20 ms ago: connection refused');
});

// tarn: 'operation timed out for an unknown reason'.
test('a create that hangs is given up, says so, and what it brings later is destroyed', async () => {
  let arrive: (thing: Thing) => void = () => {};
  let signal: AbortSignal | undefined;
  const { pool, clock } = thingPool({
    max: 1,
    createTimeoutMs: 500,
    create: (context) => {
      signal = context.signal;
      return new Promise<Thing>((resolve) => {
        arrive = resolve;
      });
    },
  });
  const waiting = pool.acquire();
  clock.advance(500);
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_POOL_CREATE_TIMEOUT' });
  expect(signal?.aborted).toBe(true);
  const late = { id: 1, destroyed: false };
  arrive(late);
  await turn();
  expect(late.destroyed).toBe(true);
  expect(pool.stats()).toMatchObject({ size: 0, connecting: 0, createErrors: 1 });
});

test('a cold burst opens no more at once than maxConnecting', async () => {
  let open = 0;
  let most = 0;
  const { pool } = thingPool({
    max: 50,
    create: async () => {
      most = Math.max(most, ++open);
      await turn();
      open -= 1;
      return { id: 0, destroyed: false };
    },
  });
  await Promise.all(Array.from({ length: 200 }, () => pool.use(() => turn())));
  expect(most).toBe(4);
  expect(pool.stats().created).toBeLessThan(50);
});

test('while only min is to be refilled, attempts become rare', async () => {
  const { state, create } = server();
  const { pool, clock } = thingPool({ create, min: 2, max: 2, maxConnecting: 1 });
  await pool.acquire().catch(() => {});
  for (let minute = 0; minute < 10; minute++) await clock.advanceAsync(60_000);
  expect(state.dials).toBeGreaterThan(10);
  expect(state.dials).toBeLessThan(60);
  state.down = false;
  await clock.advanceAsync(30_000);
  await clock.advanceAsync(1_000);
  expect(pool.stats()).toMatchObject({ idle: 2, size: 2 });
});
