import { setTimeout as realTimeout } from 'node:timers';
import { Redis } from 'ioredis';
import { expect, test, vi } from 'vitest';
import { RateLimiter } from '../src/index.js';
import { redisStore } from '../src/redis.js';
import { admitted, still } from './support/limiters.js';
import { redisTest, sleep } from './support/redis.js';

const day = 86_400_000;

redisTest('R1: a window of half a second expires in Redis after half a second', async ({ name, limiter }) => {
  const options = { limit: 1, windowMs: 500, algorithm: 'fixed', redis: { coalesce: false } } as const;
  const { limiter: half, client } = await limiter(options);
  await half.consume('another');
  // Sent one behind the other, so that no pause of the machine comes between them.
  const [first, denied, milliseconds] = await Promise.all([
    half.consume('k'),
    half.consume('k'),
    client.pttl(`rate-limit:${name}:k`),
  ]);
  expect(first.allowed).toBe(true);
  expect(milliseconds).toBeGreaterThan(0);
  expect(milliseconds).toBeLessThanOrEqual(502);
  expect(denied.allowed).toBe(false);
  expect(denied.retryAfterMs).toBeGreaterThan(0);
  await sleep(denied.retryAfterMs + 20);
  expect((await half.consume('k')).allowed).toBe(true);
});

test('R2: a window of 30 or 400 days limits for all of it', () => {
  for (const days of [30, 400]) {
    const { limiter, clock } = still({ limit: 1, windowMs: days * day, algorithm: 'strict' });
    expect(limiter.consumeSync('k').allowed).toBe(true);
    clock.advance(2);
    expect(limiter.consumeSync('k').allowed).toBe(false);
    clock.advance(days * day - 3);
    const denied = limiter.consumeSync('k');
    expect(denied.allowed).toBe(false);
    clock.advance(denied.retryAfterMs);
    expect(limiter.consumeSync('k').allowed).toBe(true);
  }
});

test('R3: a client that sprays keys gets no new quota for its own', () => {
  const { limiter } = still({ limit: 11, windowMs: 60_000, algorithm: 'strict', maxKeys: 5_000 });
  expect(admitted(limiter, 20, 'victim')).toBe(11);
  for (let number = 0; number < 20_000; number += 1) limiter.consumeSync(`sprayed ${number}`);
  expect(limiter.consumeSync('victim').allowed).toBe(false);
  expect(limiter.stats()).toMatchObject({ keys: 5_000, evictions: 0 });
});

test('R4: 300,000 keys that somebody made up cost a bounded memory and no timer', () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const limiter = new RateLimiter({ name: 'r4', limit: 10, windowMs: 3_600_000, maxKeys: 50_000 });
  for (let number = 0; number < 300_000; number += 1) limiter.consumeSync(`spoofed ${number}`);
  expect(limiter.stats().keys).toBe(50_000);
  expect(limiter.stats().overflowed).toBe(250_000);
  expect(timers).not.toHaveBeenCalled();
  timers.mockRestore();
});

test('R5: with Redis down and the default client, a decision comes at once', async () => {
  const client = new Redis({ host: '127.0.0.1', port: 1, lazyConnect: true });
  client.on('error', () => {});
  client.connect().catch(() => {});
  const limiter = new RateLimiter({ name: 'r5', limit: 5, windowMs: 1_000, store: redisStore(client) });
  const timeout = new Promise((resolve) => realTimeout(resolve, 2_000, 'pending'));
  expect(await Promise.race([limiter.consume('k'), timeout])).toMatchObject({
    allowed: true,
    degraded: true,
  });
  client.disconnect();
  await limiter.close();
});

redisTest(
  'R6: when Redis goes, a used-up key stays used up, and each process has its share',
  async (workshop) => {
    const options = { limit: 8, windowMs: 600_000, instances: 4, redis: { timeoutMs: 200 } };
    const { limiter } = await workshop.limiter(options);
    for (let request = 0; request < 8; request += 1) await limiter.consume('used up');
    await limiter.consume('other');
    await workshop.server.kill();
    const later = await limiter.consume('used up', { cost: 1 });
    expect(later.allowed).toBe(false);
    let allowed = 0;
    for (let request = 0; request < 20; request += 1) {
      const decision = await limiter.consume('another');
      if (decision.allowed) allowed += 1;
      expect(decision.degraded).toBe(true);
    }
    expect(allowed).toBe(2);
  },
);

test('R7: a cost that does not fit uses nothing, however often it is tried', () => {
  for (const algorithm of ['gcra', 'strict', 'fixed'] as const) {
    const { limiter } = still({
      limit: 10,
      windowMs: 60_000,
      algorithm,
      ...(algorithm === 'gcra' ? { burst: 10 } : {}),
    });
    expect(limiter.consumeSync('k', { cost: 8 }).remaining).toBe(2);
    for (let attempt = 0; attempt < 50; attempt += 1) {
      expect(limiter.consumeSync('k', { cost: 5 })).toMatchObject({ allowed: false, remaining: 2 });
    }
    expect(limiter.consumeSync('k', { cost: 2 })).toMatchObject({ allowed: true, remaining: 0 });
  }
});

test('R8: at the boundary of a window 100 a second are 100, and no more than 110 with gcra', () => {
  const most = { strict: 100, gcra: 110 };
  for (const algorithm of ['strict', 'gcra'] as const) {
    const { limiter, clock } = still({ limit: 100, windowMs: 1_000, algorithm });
    let count = admitted(limiter, 1);
    clock.advance(960);
    count = 0;
    for (let millisecond = 0; millisecond < 71; millisecond += 1) {
      count += admitted(limiter, 5);
      clock.advance(1);
    }
    expect(count).toBeLessThanOrEqual(most[algorithm]);
  }
});
