import { expect } from 'vitest';
import { RateLimiter } from '../src/index.js';
import { redisStore } from '../src/redis.js';
import { redisTest, until } from './support/redis.js';

redisTest('decisions for one key in one turn share a round trip', async (workshop) => {
  const { limiter } = await workshop.limiter({ limit: 40, windowMs: 600_000 });
  // A Redis that has just begun does not know the script.
  await limiter.consume('first');
  const { roundTrips, allowed } = limiter.stats();
  const decisions = await Promise.all(Array.from({ length: 100 }, () => limiter.consume('hot')));
  expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(40);
  expect(decisions.slice(0, 40).map(({ remaining }) => remaining)).toEqual(
    Array.from({ length: 40 }, (_, i) => 39 - i),
  );
  expect(limiter.stats()).toMatchObject({
    roundTrips: roundTrips + 1,
    coalesced: 99,
    allowed: allowed + 40,
    denied: 60,
  });
});

redisTest('a denied key is not asked for again until it may try again', async (workshop) => {
  const { limiter } = await workshop.limiter({ limit: 5, windowMs: 600, algorithm: 'strict' });
  for (let request = 0; request < 6; request += 1) await limiter.consume('k');
  const { roundTrips } = limiter.stats();
  for (let request = 0; request < 50; request += 1) {
    expect(await limiter.consume('k')).toMatchObject({ allowed: false, reason: 'limit', degraded: false });
  }
  expect(limiter.stats()).toMatchObject({ roundTrips, remembered: 50 });
  const { retryAfterMs } = await limiter.consume('k');
  expect(retryAfterMs).toBeGreaterThan(0);
  await until(async () => (await limiter.consume('k')).allowed, 2_000);
});

redisTest('a smaller cost than the one that was denied is asked for', async (workshop) => {
  const { limiter } = await workshop.limiter({ limit: 5, windowMs: 600_000 });
  await limiter.consume('k', { cost: 3 });
  expect((await limiter.consume('k', { cost: 3 })).allowed).toBe(false);
  expect((await limiter.consume('k', { cost: 2 })).allowed).toBe(true);
});

redisTest(
  'a key that is asked for often is leased, and all processes together stay within the limit',
  async (workshop) => {
    const options = { limit: 1_000, windowMs: 600_000, redis: { leaseSize: 50 } };
    const processes = await Promise.all([workshop.limiter(options), workshop.limiter(options)]);
    let allowed = 0;
    for (let round = 0; round < 1_200; round += 1) {
      for (const { limiter } of processes) if ((await limiter.consume('hot')).allowed) allowed += 1;
    }
    expect(allowed).toBeLessThanOrEqual(1_000);
    expect(allowed).toBeGreaterThan(900);
    for (const { limiter } of processes) {
      const { leased, roundTrips } = limiter.stats();
      expect(leased).toBeGreaterThan(300);
      expect(roundTrips).toBeLessThan(150);
    }
  },
);

redisTest('a key that is asked for seldom is not leased', async (workshop) => {
  const { limiter } = await workshop.limiter({
    limit: 1_000,
    windowMs: 600_000,
    redis: { leaseSize: 50, leaseMs: 1 },
  });
  await limiter.consume('cold');
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await limiter.consume('cold')).remaining).toBe(998);
  expect(limiter.stats().leased).toBe(0);
});

redisTest(
  'two processes share one limit, whatever their clocks say, and one key holds all of a decision',
  async (workshop) => {
    const options = {
      limits: [
        { name: 'minute', limit: 10, windowMs: 60_000, algorithm: 'strict' as const },
        { name: 'day', limit: 15, windowMs: 86_400_000 as number, algorithm: 'fixed' as const },
      ],
    };
    const [one, other] = await Promise.all([workshop.limiter(options), workshop.limiter(options)]);
    for (let request = 0; request < 5; request += 1) {
      expect((await one.limiter.consume('k')).allowed).toBe(true);
      expect((await other.limiter.consume('k')).allowed).toBe(true);
    }
    expect((await one.limiter.consume('k')).allowed).toBe(false);
    expect((await other.limiter.consume('k')).allowed).toBe(false);
    expect(await one.client.keys(`rate-limit:${workshop.name}:*`)).toEqual([`rate-limit:${workshop.name}:k`]);
    expect(await one.client.pttl(`rate-limit:${workshop.name}:k`)).toBeLessThanOrEqual(86_400_002);
  },
);

redisTest('a signal ends the waiting for Redis', async (workshop) => {
  const { limiter } = await workshop.limiter({ redis: { timeoutMs: 5_000 } });
  await workshop.server.freeze();
  const controller = new AbortController();
  const waiting = limiter.consume('k', { signal: controller.signal });
  const reason = new Error('the client left');
  setTimeout(() => controller.abort(reason), 20);
  await expect(waiting).rejects.toBe(reason);
});

redisTest('consumeSync needs the memory store', async (workshop) => {
  const { limiter } = await workshop.limiter();
  expect(() => limiter.consumeSync('k')).toThrow('consumeSync needs the memory store');
});

redisTest(
  'what lies at the key and is not ours is an error of the store, and the limit holds here',
  async (workshop) => {
    const { limiter, client } = await workshop.limiter({ limit: 3, windowMs: 600_000 });
    await client.lpush(`rate-limit:${workshop.name}:k`, 'somebody else');
    expect(await limiter.consume('k')).toMatchObject({ allowed: true, degraded: true });
    expect(limiter.stats()).toMatchObject({ storeErrors: 1 });
  },
);

redisTest('a remembered denial ends when another process gives units back', async (workshop) => {
  const [one, other] = await Promise.all([workshop.limiter(), workshop.limiter()]);
  const reservation = await other.limiter.reserve('k', 10);
  const { allowed, retryAfterMs } = await one.limiter.consume('k');
  expect([allowed, retryAfterMs > 50_000]).toEqual([false, true]);
  await reservation.settle(0);
  await until(async () => (await one.limiter.consume('k')).allowed);
});

redisTest(
  'the name of a limiter and the key of a client cannot be mistaken for another pair',
  async (workshop) => {
    const client = await workshop.client();
    const make = (name: string) =>
      new RateLimiter({ name, limit: 5, windowMs: 600_000, algorithm: 'strict', store: redisStore(client) });
    const [short, long] = [make(workshop.name), make(`${workshop.name}:b`)];
    expect((await short.consume('b:c', { cost: 5 })).allowed).toBe(true);
    expect((await long.consume('c', { cost: 5 })).allowed).toBe(true);
  },
);

redisTest('a process that is busy after it asked takes nobody for away', async (workshop) => {
  for (const coalesce of [true, false]) {
    const { limiter } = await workshop.limiter({ redis: { coalesce, timeoutMs: 1_000 } });
    await limiter.consume('first');
    // More than Redis answers in one turn of the event loop.
    const decisions = Array.from({ length: 3_000 }, (_, index) => limiter.consume(`k${index}`));
    const start = performance.now();
    while (performance.now() - start < 1_300);
    expect((await Promise.all(decisions)).filter(({ degraded }) => degraded)).toEqual([]);
    await limiter.close();
  }
});
