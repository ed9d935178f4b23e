import { expect, vi } from 'vitest';
import { sleep } from '../support/helpers.js';
import { redisTest } from '../support/redis.js';

redisTest(
  'Redis restarted empty: memory asks before it answers, a new epoch begins, scripts and bus come back',
  async (workshop) => {
    const [a, b] = [await workshop.cache({ maxStaleMs: 2_000 }), await workshop.cache({ maxStaleMs: 2_000 })];
    for (const { cache } of [a, b]) {
      await cache.get('wake');
      await vi.waitFor(() => expect(cache.stats().bus).toBe('up'), { timeout: 10_000 });
    }
    await a.cache.set('key', 'old');
    await b.cache.get('key');
    await workshop.server.kill();
    await workshop.server.start();
    await (await workshop.client()).flushall();
    for (const { cache } of [a, b]) {
      await vi.waitFor(
        async () => {
          await cache.get('is it back?');
          expect(cache.stats()).toMatchObject({ redis: 'up', bus: 'up' });
        },
        { timeout: 20_000, interval: 50 },
      );
    }
    // A value that Redis has lost is no longer answered, since nobody can say whether it still holds.
    await vi.waitFor(async () => expect(await b.cache.get('key')).toBeUndefined(), { timeout: 5_000 });
    await a.cache.set('key', 'new');
    await vi.waitFor(async () => expect(await b.cache.get('key')).toBe('new'), { timeout: 5_000 });
  },
);

redisTest(
  'a frozen Redis, whose connections look sound: what the thaw brings is bounded by maxStaleMs',
  async (workshop) => {
    const b = await workshop.cache({ maxStaleMs: 500, timeoutMs: 100 });
    await b.cache.set('key', 'old');
    await vi.waitFor(
      async () => {
        await b.cache.get('wakes the bus');
        expect(b.cache.stats().bus).toBe('up');
      },
      { timeout: 10_000 },
    );
    expect(b.cache.peek('key')).toBe('old');
    await workshop.server.freeze();
    await sleep(800);
    expect(b.cache.stats().bus).toBe('away');
    expect(b.cache.peek('key')).toBeUndefined();
    expect(await b.cache.get('key')).toBe('old');
    await workshop.server.thaw();
  },
);
