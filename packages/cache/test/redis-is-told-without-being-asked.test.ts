import { expect, vi } from 'vitest';
import { createCache } from '../src/index.js';
import { redisTest } from './support/redis.js';

for (const change of ['delete', 'set', 'invalidateTags', 'clear'] as const) {
  redisTest(
    `a ${change} while the client reconnects is told as soon as it is back, by a process that makes no further call`,
    async ({ cache, client }) => {
      const [a, b] = [await cache(), await cache({ bus: false })];
      await a.cache.set('key', 'old', { tags: ['tag'] });
      const own = b.client as unknown as { status: string };
      const status = vi.spyOn(own, 'status', 'get').mockReturnValue('reconnecting');
      if (change === 'delete') await b.cache.delete('key');
      else if (change === 'set') await b.cache.set('key', 'new');
      else if (change === 'invalidateTags') await b.cache.invalidateTags('tag');
      else await b.cache.clear();
      const reader = (await cache({ memory: false, bus: false })).cache;
      expect(await reader.get('key')).toBe('old');
      status.mockRestore();
      await vi.waitFor(async () => expect(await reader.get('key')).not.toBe('old'), { timeout: 10_000 });
      await vi.waitFor(() => expect(b.cache.stats().redis).toBe('up'), { timeout: 30_000 });
      expect(await (await client()).ping()).toBe('PONG');
    },
  );
}

redisTest('the bus wakes by itself when the client has connected', async ({ client, prefix }) => {
  const lazy = await client({ lazyConnect: true });
  const own = createCache({ name: 'late', redis: { client: lazy, prefix }, maxStaleMs: 60_000 });
  // One read, before there is a connection, and none after it.
  expect(await own.getOrSet('key', () => 1)).toBe(1);
  expect(own.stats()).toMatchObject({ redis: 'away', bus: 'away' });
  await vi.waitFor(() => expect(own.stats()).toMatchObject({ redis: 'up', bus: 'up' }), { timeout: 10_000 });
  await own.close();
});

redisTest('a full Redis still tells the others what was deleted, set or invalidated', async (workshop) => {
  const admin = await workshop.client();
  const [a, b] = [await workshop.cache(), await workshop.cache()];
  try {
    for (const change of ['delete', 'set', 'invalidateTags', 'clear'] as const) {
      await a.cache.set(change, 'old', { tags: [`tag of ${change}`] });
      await vi.waitFor(
        async () => {
          expect(await b.cache.get(change)).toBe('old');
          expect(b.cache.stats().bus).toBe('up');
        },
        { timeout: 30_000 },
      );
      await admin.config('SET', 'maxmemory', '1');
      if (change === 'delete') await a.cache.delete(change);
      else if (change === 'set') await a.cache.set(change, 'new');
      else if (change === 'invalidateTags') await a.cache.invalidateTags(`tag of ${change}`);
      else await a.cache.clear();
      await vi.waitFor(async () => expect(await b.cache.get(change)).not.toBe('old'), { timeout: 10_000 });
      expect(['new', undefined]).toContain(await a.cache.get(change));
      await admin.config('SET', 'maxmemory', '0');
      await vi.waitFor(
        async () => {
          await a.cache.get('is it back?');
          expect(a.cache.stats().redis).toBe('up');
        },
        { timeout: 20_000 },
      );
    }
  } finally {
    await admin.config('SET', 'maxmemory', '0');
  }
});

redisTest('a client made with stringNumbers is served like any other', async ({ client, prefix }) => {
  const own = createCache({
    name: 'strings',
    redis: { client: await client({ stringNumbers: true }), prefix, timeoutMs: 1_000 },
  });
  expect(await own.getOrSet('key', () => 1, { tags: ['tag'] })).toBe(1);
  expect(own.stats()).toMatchObject({ loads: 1, leaseWaits: 0 });
  await vi.waitFor(async () => expect(await (await client()).exists(`${prefix}v:key`)).toBe(1), {
    timeout: 30_000,
  });
  expect(own.peek('key')).toBe(1);
  await own.close();
});
