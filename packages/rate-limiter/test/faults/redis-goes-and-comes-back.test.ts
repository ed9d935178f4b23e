import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { RateLimiter } from '../../src/index.js';
import { redisStore } from '../../src/redis.js';
import { redisTest, sleep, until } from '../support/redis.js';

const tenMinutes = 600_000;

async function allowedOf(limiter: RateLimiter, requests: number, key = 'k'): Promise<number> {
  let allowed = 0;
  for (let request = 0; request < requests; request += 1) {
    if ((await limiter.consume(key)).allowed) allowed += 1;
  }
  return allowed;
}

/** Asks about another key until Redis decides again, and gives what was used meanwhile the time to be told. */
async function back(limiter: RateLimiter): Promise<void> {
  await until(async () => !(await limiter.consume('another', { cost: 0 })).degraded);
  await sleep(300);
}

redisTest(
  'refused: without a Redis that ever answered, decisions are local, at once, and within the share',
  async (workshop) => {
    await workshop.server.stop();
    const { limiter } = await workshop
      .limiter({ limit: 12, windowMs: tenMinutes, instances: 3 })
      .catch(() => ({ limiter: undefined }));
    expect(limiter).toBeUndefined();
    await workshop.server.start();
    const made = await workshop.limiter({ limit: 12, windowMs: tenMinutes, instances: 3 });
    await workshop.server.stop();
    await until(() => made.client.status !== 'ready');
    const start = performance.now();
    expect(await allowedOf(made.limiter, 50)).toBe(4);
    expect(performance.now() - start).toBeLessThan(500);
    expect(made.limiter.stats()).toMatchObject({ store: 'away', degraded: 50 });
  },
);

redisTest(
  'killed in the middle: every decision is answered, and what was used before counts on',
  async (workshop) => {
    const { limiter } = await workshop.limiter({
      limit: 40,
      windowMs: tenMinutes,
      redis: { timeoutMs: 200 },
    });
    expect(await allowedOf(limiter, 30)).toBe(30);
    const heard: string[] = [];
    limiter.on('storeAway', () => heard.push('away'));
    limiter.on('storeUp', () => heard.push('up'));
    const crowd = Array.from({ length: 50 }, () => limiter.consume('k'));
    await workshop.server.kill();
    const decisions = await Promise.all([
      ...crowd,
      ...Array.from({ length: 50 }, () => limiter.consume('k')),
    ]);
    let allowed = 30 + decisions.filter((decision) => decision.allowed).length;
    await workshop.server.start();
    await back(limiter);
    expect(heard).toEqual(['away', 'up']);
    // Started again it is empty: what this process knows has been told to it, so nobody gets a second limit.
    allowed += await allowedOf(limiter, 50);
    expect(allowed).toBeLessThanOrEqual(40);
  },
);

redisTest('frozen for 5 s: a decision costs at most the deadline, and soon nothing', async (workshop) => {
  const { limiter } = await workshop.limiter({
    limit: 1_000,
    windowMs: tenMinutes,
    redis: { timeoutMs: 100 },
  });
  await limiter.consume('k');
  await workshop.server.freeze();
  const frozenAt = performance.now();
  const waits: number[] = [];
  while (performance.now() - frozenAt < 5_000) {
    const start = performance.now();
    expect((await limiter.consume('k')).degraded).toBe(true);
    waits.push(performance.now() - start);
    await sleep(10);
  }
  expect(Math.max(...waits)).toBeLessThan(400);
  expect(waits.filter((wait) => wait > 50).length).toBeLessThanOrEqual(6);
  await workshop.server.thaw();
  await back(limiter);
  const { storeTimeouts, storeSkipped, merged } = limiter.stats();
  expect(storeTimeouts).toBeGreaterThan(0);
  expect(storeSkipped).toBeGreaterThan(100);
  expect(merged).toBeGreaterThan(0);
  // Everything that was allowed here counts in Redis now.
  const used = 1_000 - (await limiter.consume('k', { cost: 0 })).remaining;
  expect(used).toBeGreaterThanOrEqual(waits.length);
});

redisTest('restarted empty: a used-up key stays used up, for other processes too', async (workshop) => {
  const options = { limit: 20, windowMs: tenMinutes };
  const [one, other] = await Promise.all([workshop.limiter(options), workshop.limiter(options)]);
  expect(await allowedOf(one.limiter, 30)).toBe(20);
  await workshop.server.kill();
  await until(() => one.client.status !== 'ready');
  await one.limiter.consume('another');
  await workshop.server.start();
  await until(() => one.limiter.stats().merged > 0);
  await until(async () => !(await other.limiter.consume('another', { cost: 0 })).degraded);
  // The other process had never heard of this key.
  expect(await allowedOf(other.limiter, 30)).toBe(0);
});

redisTest('restarted empty and unnoticed: the first script that it does not know tells', async (workshop) => {
  const { limiter, client } = await workshop.limiter({ limit: 20, windowMs: tenMinutes });
  expect(await allowedOf(limiter, 20)).toBe(20);
  expect(await allowedOf(limiter, 5, 'other')).toBe(5);
  await client.flushall();
  await client.script('FLUSH');
  expect(await allowedOf(limiter, 30, 'other')).toBe(15);
  await until(async () => (await client.exists(`rate-limit:${workshop.name}:k`)) === 1);
});

redisTest(
  'two processes through an outage: together they stay within the limit, and their use is merged',
  async (workshop) => {
    const options = { limit: 40, windowMs: tenMinutes, instances: 2, redis: { timeoutMs: 200 } };
    const processes = await Promise.all([workshop.limiter(options), workshop.limiter(options)]);
    let allowed = 0;
    for (const { limiter } of processes) allowed += await allowedOf(limiter, 5);
    await workshop.server.freeze();
    for (const { limiter } of processes) await allowedOf(limiter, 4, 'another');
    for (const { limiter } of processes) allowed += await allowedOf(limiter, 10);
    await workshop.server.thaw();
    for (const { limiter } of processes) await back(limiter);
    for (const { limiter } of processes) allowed += await allowedOf(limiter, 60);
    expect(allowed).toBeGreaterThan(20);
    expect(allowed).toBeLessThanOrEqual(40);
  },
);

redisTest('SCRIPT FLUSH in the middle of traffic costs nobody a decision', async (workshop) => {
  const { limiter, client } = await workshop.limiter({ limit: 1_000, windowMs: tenMinutes });
  let allowed = 0;
  for (let round = 0; round < 10; round += 1) {
    await client.script('FLUSH');
    allowed += await allowedOf(limiter, 10);
  }
  expect(allowed).toBe(100);
  expect(await limiter.consume('k', { cost: 0 })).toMatchObject({ remaining: 900, degraded: false });
  expect(limiter.stats().storeErrors).toBe(0);
});

redisTest(
  "a client whose clock is an hour off, forwards or back, shares the others' limit",
  async (workshop) => {
    const options = { limit: 10, windowMs: 60_000, algorithm: 'strict' as const };
    const off = (hours: number) => ({
      now: () => performance.now() + 10 * 3_600_000 + hours * 3_600_000,
      coarseNow: () => performance.now() + 10 * 3_600_000 + hours * 3_600_000,
      setTimer: (callback: () => void, delayMs: number) => {
        const timer = setTimeout(callback, delayMs);
        return { cancel: () => clearTimeout(timer), ref: () => timer.ref(), unref: () => timer.unref() };
      },
    });
    const realNow = Date.now;
    Date.now = () => realNow() + 3_600_000;
    try {
      const processes = await Promise.all([
        workshop.limiter(options),
        workshop.limiter({ ...options, clock: off(1) }),
        workshop.limiter({ ...options, clock: off(-1) }),
      ]);
      let allowed = 0;
      for (let round = 0; round < 10; round += 1) {
        for (const { limiter } of processes) allowed += await allowedOf(limiter, 1);
      }
      expect(allowed).toBe(10);
      for (const { limiter } of processes) {
        const { retryAfterMs } = await limiter.consume('k');
        expect(retryAfterMs).toBeGreaterThan(55_000);
        expect(retryAfterMs).toBeLessThanOrEqual(66_001);
      }
    } finally {
      Date.now = realNow;
    }
  },
);

redisTest('reservations survive an outage: a surcharge is told when Redis is back', async (workshop) => {
  const { limiter } = await workshop.limiter({ limit: 100, windowMs: tenMinutes, redis: { timeoutMs: 100 } });
  const reservation = await limiter.reserve('k', 10);
  await workshop.server.freeze();
  await reservation.settle(60);
  const local = await limiter.reserve('k', 10);
  expect(local.decision).toMatchObject({ allowed: true, degraded: true });
  await local.settle(5);
  await workshop.server.thaw();
  await back(limiter);
  const { remaining } = await limiter.consume('k', { cost: 0 });
  expect(remaining).toBeLessThanOrEqual(35);
  expect(remaining).toBeGreaterThanOrEqual(0);
});

redisTest(
  'restarted empty under ten processes that come back one after the other: nobody gets what others used',
  async (workshop) => {
    const processes = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        workshop.limiter({
          limit: 100,
          windowMs: tenMinutes,
          instances: 10,
          redis: { timeoutMs: 200 },
          connection: { retryStrategy: () => 50 + 200 * index },
        }),
      ),
    );
    const burst = async ({ limiter }: { limiter: RateLimiter }, requests: number): Promise<number> => {
      const decisions = await Promise.all(Array.from({ length: requests }, () => limiter.consume('k')));
      return decisions.filter(({ allowed }) => allowed).length;
    };
    let allowed = await burst(processes[9] as (typeof processes)[0], 300);
    expect(allowed).toBe(100);
    await workshop.server.kill();
    await Promise.all(processes.map(({ client }) => until(() => client.status !== 'ready')));
    for (const one of processes) allowed += await burst(one, 60);
    // Nobody else had heard of the key: each has its tenth.
    expect(allowed).toBe(190);
    await workshop.server.start();
    for (let round = 0; round < 100; round += 1) {
      for (const one of processes) allowed += await burst(one, 30);
      await sleep(50);
    }
    await until(async () => {
      const decisions = await Promise.all(processes.map(({ limiter }) => limiter.consume('k')));
      allowed += decisions.filter((decision) => decision.allowed).length;
      return decisions.every(({ degraded }) => !degraded);
    });
    // Whoever is back first takes nothing of what the others have yet to tell of.
    expect(allowed).toBe(190);
  },
);

redisTest(
  'a process that begins waits for its connection: it neither gives a used-up key a new quota nor refuses',
  async (workshop) => {
    const options = { limit: 10, windowMs: tenMinutes, redis: { timeoutMs: 2_000 } };
    const { limiter } = await workshop.limiter(options);
    expect(await allowedOf(limiter, 12)).toBe(10);
    for (const onStoreFailure of ['local', 'deny'] as const) {
      for (const lazyConnect of [true, false]) {
        const fresh = new Redis(workshop.server.url, { lazyConnect });
        fresh.on('error', () => {});
        const late = new RateLimiter({
          name: workshop.name,
          limit: 10,
          windowMs: tenMinutes,
          algorithm: 'strict',
          onStoreFailure,
          store: redisStore(fresh, { timeoutMs: 2_000 }),
        });
        expect(fresh.status).not.toBe('ready');
        const decisions = await Promise.all(Array.from({ length: 5 }, () => late.consume('k')));
        expect(decisions.every(({ allowed, degraded }) => !allowed && !degraded)).toBe(true);
        expect((await late.reserve('another', 1)).decision).toMatchObject({ allowed: true, degraded: false });
        fresh.disconnect();
        await late.close();
      }
    }
  },
);

redisTest('a refund that cannot be told while Redis is away is told when it is back', async (workshop) => {
  for (const algorithm of ['strict', 'fixed', 'gcra'] as const) {
    const options = {
      limit: 100,
      windowMs: tenMinutes,
      algorithm,
      redis: { timeoutMs: 100, prefix: algorithm },
      ...(algorithm === 'gcra' ? { burst: 100 } : {}),
    };
    const { limiter } = await workshop.limiter(options);
    const other = await workshop.limiter(options);
    await limiter.consume('k', { cost: 10 });
    const reservation = await limiter.reserve('k', 40);
    await workshop.server.freeze();
    await until(async () => {
      await limiter.consume('another');
      return limiter.stats().store === 'away';
    });
    await reservation.settle(0);
    await workshop.server.thaw();
    await back(limiter);
    await until(async () => (await other.limiter.consume('k', { cost: 0 })).remaining >= 89);
    await sleep(300);
    expect((await other.limiter.consume('k', { cost: 0 })).remaining).toBeLessThanOrEqual(91);
  }
});

redisTest(
  'a connection that is lost for a moment costs nobody a decision, and gives nobody a new quota',
  async (workshop) => {
    const options = { limit: 10, windowMs: tenMinutes, redis: { timeoutMs: 2_000 } };
    const [one, other] = await Promise.all([workshop.limiter(options), workshop.limiter(options)]);
    expect(await allowedOf(one.limiter, 12)).toBe(10);
    for (let round = 0; round < 5; round += 1) {
      await other.limiter.consume(`another ${round}`);
      await one.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await until(() => other.client.status !== 'ready');
      const decisions = await Promise.all(
        Array.from({ length: 5 }, () => other.limiter.consume(`another ${round}`)),
      );
      expect(decisions.map(({ degraded }) => degraded)).toEqual(new Array(5).fill(false));
      // It has never asked about this key.
      if (round === 4) expect((await other.limiter.consume('k')).allowed).toBe(false);
    }
  },
);
