import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createCache } from '../../src/index.js';
import { sleep } from '../support/helpers.js';
import { redisTest } from '../support/redis.js';

test('a Redis that refuses at start costs nothing, and the client may be made with any options', async () => {
  const port = 1;
  for (const options of [
    {},
    { lazyConnect: true },
    { enableOfflineQueue: false },
    { maxRetriesPerRequest: null },
  ]) {
    const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, ...options });
    client.on('error', () => {});
    const cache = createCache({ name: 'test', redis: client });
    const startedAt = performance.now();
    for (let read = 0; read < 20; read += 1) await cache.getOrSet(`${read}`, () => read);
    await cache.delete('1');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(cache.stats()).toMatchObject({ redis: 'away', redisTimeouts: 0, loads: 20 });
    await cache.close();
    client.disconnect();
  }
});

redisTest('a lazy client is connected by its first use', async ({ client }) => {
  const lazy = await client({ lazyConnect: true });
  const cache = createCache({ name: 'lazy', redis: lazy });
  expect(await cache.getOrSet('key', () => 1)).toBe(1);
  await sleep(100);
  expect(cache.stats().redis).toBe('up');
  expect(await cache.getOrSet('second', () => 2)).toBe(2);
  await cache.close();
});

redisTest(
  'what was deleted, set or invalidated while Redis was frozen is gone from it before anything is read',
  async ({ server, cache }) => {
    const a = await cache({ timeoutMs: 30 });
    const b = await cache();
    for (const key of ['deleted', 'set', 'tagged', 'kept']) {
      await a.cache.set(key, 'old', key === 'tagged' ? { tags: ['tag'] } : {});
    }
    await server.freeze();
    const startedAt = performance.now();
    await Promise.all([a.cache.delete('deleted'), a.cache.set('set', 'new'), a.cache.invalidateTags('tag')]);
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(await a.cache.getOrSet('set', () => 'loaded')).toBe('new');
    await server.thaw();
    for (let tries = 0; tries < 100 && (await a.cache.getOrSet('kept', () => 'loaded')) !== 'old'; tries += 1)
      await sleep(20);
    await a.cache.get('anything');
    await sleep(100);
    expect(await b.cache.get('deleted')).toBeUndefined();
    expect(await b.cache.get('tagged')).toBeUndefined();
    expect(await b.cache.get('set')).not.toBe('old');
    expect(await b.cache.get('kept')).toBe('old');
  },
);
