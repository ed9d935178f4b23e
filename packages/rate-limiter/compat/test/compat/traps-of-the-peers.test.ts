import LocalStore from '@fastify/rate-limit/store/LocalStore.js';
import { ManualClock } from '@mainstay/core';
import { RateLimiter } from '@mainstay/rate-limiter';
import { redisStore } from '@mainstay/rate-limiter/redis';
import { MemoryStore, type Options } from 'express-rate-limit';
import { Redis } from 'ioredis';
import { TokenBucket } from 'limiter';
import { type RedisReply, RedisStore } from 'rate-limit-redis';
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { startServices } from '../../../../../scripts/services/index.mjs';

// Each trap is walked into by the peer that was measured, and by ours. Where a peer has mended its own, its test fails here and says so.

const services = await startServices({ redis: true });
const clients: Redis[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const client of clients.splice(0)) client.disconnect();
  await services.redis?.start();
});
afterAll(() => services.close());

const needsRedis = (name: string, run: (url: string) => Promise<void>): void => {
  test(name, async (context) => {
    const { redis, skipped } = services;
    if (redis === undefined) context.skip(`Redis: ${skipped[0]?.reason}. ${skipped[0]?.hint}`);
    else await run(redis.url);
  });
};

function connect(url: string): Redis {
  const client = new Redis(url, { retryStrategy: () => 50 });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Whether it is still pending when so much time is over. */
async function pendingAfter(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  const settled = work.then(
    () => false,
    () => false,
  );
  return Promise.race([settled, sleep(milliseconds).then(() => true)]);
}

/** In the peer being limited is a rejection. */
async function allows(
  limiter: RateLimiterMemory | RateLimiterRedis,
  key: string,
  cost = 1,
): Promise<boolean> {
  return limiter.consume(key, cost).then(
    () => true,
    (refused: unknown) => {
      if (refused instanceof Error) throw refused;
      return false;
    },
  );
}

needsRedis('R1, rate-limiter-flexible: a window of half a second never ends', async (url) => {
  const client = connect(url);
  const limiter = new RateLimiterRedis({ storeClient: client, points: 1, duration: 0.5, keyPrefix: 'r1' });
  expect(await allows(limiter, 'k')).toBe(true);
  expect(await client.pttl('r1:k')).toBe(-1);
  await sleep(1_000);
  expect(await allows(limiter, 'k')).toBe(false);
});

needsRedis('R1, ours: it ends after half a second', async (url) => {
  const client = connect(url);
  const options = { name: 'r1', limit: 1, windowMs: 500, algorithm: 'fixed' } as const;
  const limiter = new RateLimiter({ ...options, store: redisStore(client, { timeoutMs: 2_000 }) });
  expect((await limiter.consume('k')).allowed).toBe(true);
  expect(await client.pttl('rate-limit:r1:k')).toBeGreaterThan(0);
  await sleep(1_000);
  expect((await limiter.consume('k')).allowed).toBe(true);
  await limiter.close();
});

test('R2, rate-limiter-flexible: a window of 30 days is over after a millisecond', async () => {
  const limiter = new RateLimiterMemory({ points: 1, duration: 30 * 86_400 });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    expect(await allows(limiter, 'k')).toBe(true);
    await sleep(20);
  }
});

test('R2, ours: it limits for 30 days', () => {
  const clock = new ManualClock(1_000);
  const options = { name: 'r2', limit: 1, windowMs: 30 * 86_400_000, algorithm: 'strict' } as const;
  const limiter = new RateLimiter({ ...options, clock });
  expect(limiter.consumeSync('k').allowed).toBe(true);
  for (const days of [0.001, 10, 19]) {
    clock.advance(days * 86_400_000);
    expect(limiter.consumeSync('k').allowed).toBe(false);
  }
});

test('R3, @fastify/rate-limit: 5,001 made-up keys give a used-up one its quota again', () => {
  const store = new LocalStore(false, false, 5_000);
  const hits = (key: string): number => {
    let current = 0;
    const heard = (_error: unknown, result?: { current: number }): void => {
      current = result?.current ?? 0;
    };
    store.incr(key, heard, 60_000, 10);
    return current;
  };
  for (let hit = 0; hit < 10; hit += 1) hits('victim');
  expect(hits('victim')).toBe(11);
  for (let number = 0; number <= 5_000; number += 1) hits(`sprayed ${number}`);
  expect(hits('victim')).toBe(1);
});

test('R3, ours: they change nothing', () => {
  const limiter = new RateLimiter({
    name: 'r3',
    limit: 10,
    windowMs: 60_000,
    algorithm: 'strict',
    maxKeys: 5_000,
  });
  for (let hit = 0; hit < 10; hit += 1) expect(limiter.consumeSync('victim').allowed).toBe(true);
  for (let number = 0; number <= 50_000; number += 1) limiter.consumeSync(`sprayed ${number}`);
  expect(limiter.consumeSync('victim').allowed).toBe(false);
});

const sprayed = 100_000;

test('R4, rate-limiter-flexible and express-rate-limit: no cap; the first sets a timer a key', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const flexible = new RateLimiterMemory({ points: 10, duration: 3_600 });
  const store = new MemoryStore();
  store.init({ windowMs: 3_600_000 } as Options);
  const before = timers.mock.calls.length;
  for (let number = 0; number < sprayed; number += 1) {
    await flexible.consume(`spoofed ${number}`);
    await store.increment(`spoofed ${number}`);
  }
  expect(timers.mock.calls.length - before).toBeGreaterThanOrEqual(sprayed);
  expect(store.current.size + store.previous.size).toBe(sprayed);
  timers.mockRestore();
  store.shutdown();
  for (let number = 0; number < sprayed; number += 1) await flexible.delete(`spoofed ${number}`);
});

test('R4, ours: a bounded table and no timer', () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const limiter = new RateLimiter({ name: 'r4', limit: 10, windowMs: 3_600_000, maxKeys: 20_000 });
  for (let number = 0; number < sprayed; number += 1) limiter.consumeSync(`spoofed ${number}`);
  expect(limiter.stats().keys).toBe(20_000);
  expect(timers).not.toHaveBeenCalled();
  timers.mockRestore();
});

/** Nobody listens there; the client's options are those that its documentation begins with. */
function nowhere(): Redis {
  const client = new Redis({ host: '127.0.0.1', port: 1 });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

test('R5, rate-limiter-flexible and rate-limit-redis: with Redis down a decision does not come', async () => {
  const limiter = new RateLimiterRedis({ storeClient: nowhere(), points: 5, duration: 60 });
  const client = nowhere();
  const store = new RedisStore({
    sendCommand: (command: string, ...rest: string[]) => client.call(command, ...rest) as Promise<RedisReply>,
  });
  await Promise.race([store.init({ windowMs: 60_000 } as Options), sleep(0)]);
  const answers = [limiter.consume('k'), store.increment('k')];
  for (const answer of answers) answer.catch(() => {});
  expect(await Promise.all(answers.map((answer) => pendingAfter(2_000, answer)))).toEqual([true, true]);
});

test('R5, ours: it comes', async () => {
  const limiter = new RateLimiter({ name: 'r5', limit: 5, windowMs: 60_000, store: redisStore(nowhere()) });
  const decision = limiter.consume('k');
  expect(await pendingAfter(2_000, decision)).toBe(false);
  expect(await decision).toMatchObject({ allowed: true, degraded: true });
  await limiter.close();
});

needsRedis('R6, rate-limiter-flexible: insurance gives a used-up key its full quota again', async (url) => {
  const client = connect(url);
  // Else the insurance would be used before anything happened.
  await client.ping();
  const limiter = new RateLimiterRedis({
    storeClient: client,
    points: 8,
    duration: 600,
    keyPrefix: 'r6',
    rejectIfRedisNotReady: true,
    insuranceLimiter: new RateLimiterMemory({ points: 8, duration: 600 }),
  });
  for (let request = 0; request < 8; request += 1) expect(await allows(limiter, 'k')).toBe(true);
  expect(await allows(limiter, 'k')).toBe(false);
  await services.redis?.kill();
  await vi.waitFor(() => expect(client.status).not.toBe('ready'), { timeout: 30_000 });
  let again = 0;
  for (let request = 0; request < 10; request += 1) if (await allows(limiter, 'k')) again += 1;
  expect(again).toBe(8);
});

needsRedis('R6, ours: it stays used up', async (url) => {
  const client = connect(url);
  const options = { name: 'r6', limit: 8, windowMs: 600_000, algorithm: 'strict', instances: 4 } as const;
  const limiter = new RateLimiter({ ...options, store: redisStore(client, { timeoutMs: 2_000 }) });
  for (let request = 0; request < 8; request += 1) expect((await limiter.consume('k')).allowed).toBe(true);
  await services.redis?.kill();
  await vi.waitFor(() => expect(client.status).not.toBe('ready'), { timeout: 30_000 });
  for (let request = 0; request < 10; request += 1) expect((await limiter.consume('k')).allowed).toBe(false);
  let another = 0;
  for (let request = 0; request < 10; request += 1)
    if ((await limiter.consume('another')).allowed) another += 1;
  expect(another).toBe(2);
  await limiter.close();
});

test('R7, rate-limiter-flexible: a refused cost is counted', async () => {
  const limiter = new RateLimiterMemory({ points: 10, duration: 60 });
  await limiter.consume('k', 8);
  const refused = (await limiter.consume('k', 5).catch((result: unknown) => result)) as RateLimiterRes;
  expect(refused.consumedPoints).toBe(13);
  expect(await allows(limiter, 'k', 2)).toBe(false);
});

test('R7, ours, and limiter without keys: it uses nothing', () => {
  for (const algorithm of ['gcra', 'strict', 'fixed'] as const) {
    const burst = algorithm === 'gcra' ? { burst: 10 } : {};
    const limiter = new RateLimiter({ name: 'r7', limit: 10, windowMs: 3_600_000, algorithm, ...burst });
    limiter.consumeSync('k', { cost: 8 });
    expect(limiter.consumeSync('k', { cost: 5 })).toMatchObject({ allowed: false, remaining: 2 });
    expect(limiter.consumeSync('k', { cost: 2 }).allowed).toBe(true);
  }
  const bucket = new TokenBucket({ bucketSize: 10, tokensPerInterval: 1, interval: 'hour' });
  bucket.content = 2;
  expect(bucket.tryRemoveTokens(5)).toBe(false);
  expect(bucket.tryRemoveTokens(2)).toBe(true);
});

test('R8, rate-limiter-flexible: 199 of 100 a second within 71 ms', async () => {
  vi.useFakeTimers();
  const limiter = new RateLimiterMemory({ points: 100, duration: 1 });
  expect(await allows(limiter, 'k')).toBe(true);
  await vi.advanceTimersByTimeAsync(960);
  let allowed = 0;
  for (let millisecond = 0; millisecond < 71; millisecond += 1) {
    for (let attempt = 0; attempt < 5; attempt += 1) if (await allows(limiter, 'k')) allowed += 1;
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(allowed).toBe(199);
});

test('R8, ours: 17 with gcra, 99 after the first with strict', () => {
  const expected = { gcra: 17, strict: 99 };
  for (const algorithm of ['gcra', 'strict'] as const) {
    const clock = new ManualClock(1_000);
    const limiter = new RateLimiter({ name: 'r8', limit: 100, windowMs: 1_000, algorithm, clock });
    limiter.consumeSync('k');
    clock.advance(960);
    let allowed = 0;
    for (let millisecond = 0; millisecond < 71; millisecond += 1) {
      for (let attempt = 0; attempt < 5; attempt += 1) if (limiter.consumeSync('k').allowed) allowed += 1;
      clock.advance(1);
    }
    expect(allowed).toBe(expected[algorithm]);
  }
});
