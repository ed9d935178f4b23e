import { expect } from 'vitest';
import { deferred, sleep } from './support/helpers.js';
import { redisTest } from './support/redis.js';

redisTest(
  'a value loaded by one process is a Redis hit in the other, and a memory hit after that',
  async ({ cache, settle }) => {
    const [a, b] = [await cache(), await cache()];
    expect(await a.cache.getOrSet('key', () => ({ id: 1 }), { tags: ['tag'] })).toEqual({ id: 1 });
    await settle();
    const forbidden = (): never => {
      throw new Error('loaded again');
    };
    expect(await b.cache.getOrSet('key', forbidden, { tags: ['tag'] })).toEqual({ id: 1 });
    expect(await b.cache.getOrSet('key', forbidden, { tags: ['tag'] })).toEqual({ id: 1 });
    expect(b.cache.stats()).toMatchObject({ redisHits: 1, memoryHits: 1, misses: 0, redis: 'up' });
    expect(await b.cache.get('key')).toEqual({ id: 1 });
    expect(await (await cache()).cache.get('key')).toEqual({ id: 1 });
  },
);

for (const change of ['delete', 'set', 'invalidateTags', 'clear'] as const) {
  redisTest(
    `races 1 to 3 across processes: a ${change} beats an older load of another process`,
    async ({ cache, settle }) => {
      const [a, b, c] = [await cache(), await cache(), await cache()];
      const load = deferred<string>();
      const options = { tags: ['tag'] };
      const early = a.cache.getOrSet('key', () => load.promise, options);
      await settle();
      if (change === 'delete') await b.cache.delete('key');
      else if (change === 'set') await b.cache.set('key', 'new', options);
      else if (change === 'invalidateTags') await b.cache.invalidateTags('tag');
      else await b.cache.clear();
      load.resolve('old');
      expect(await early).toBe('old');
      await settle();
      for (const process of [a, b, c]) {
        expect(await process.cache.getOrSet('key', () => 'new', options)).toBe('new');
      }
    },
  );

  redisTest(
    `race 3b across processes: a background refresh never overwrites a ${change} of another process`,
    async ({ cache, settle }) => {
      const [a, b] = [await cache({ ttlMs: 50, staleMs: 60_000 }), await cache()];
      const options = { tags: ['tag'] };
      await a.cache.set('key', 'first', options);
      await sleep(60);
      const load = deferred<string>();
      expect(await a.cache.getOrSet('key', () => load.promise, options)).toBe('first');
      await settle();
      if (change === 'delete') await b.cache.delete('key');
      else if (change === 'set') await b.cache.set('key', 'new', options);
      else if (change === 'invalidateTags') await b.cache.invalidateTags('tag');
      else await b.cache.clear();
      load.resolve('old');
      await settle();
      const third = await cache();
      expect(await third.cache.get('key')).toBe(change === 'set' ? 'new' : undefined);
      expect(await a.cache.getOrSet('key', () => 'new', options)).toBe('new');
    },
  );
}

redisTest(
  'an older write that is executed after a delete is refused, whatever the order of the answers',
  async ({ cache, settle }) => {
    const [a, b] = [await cache(), await cache()];
    // The same load in both: the first to write wins, the second does not matter.
    const loads = [deferred<string>(), deferred<string>()] as const;
    const early = a.cache.getOrSet('key', () => loads[0].promise);
    await settle();
    await b.cache.delete('key');
    const late = b.cache.getOrSet('key', () => loads[1].promise);
    await settle();
    loads[1].resolve('new');
    await late;
    loads[0].resolve('old');
    await early;
    await settle();
    expect(await (await cache()).cache.get('key')).toBe('new');
    expect(await a.cache.get('key')).toBe('new');
  },
);

redisTest('what another process changed is seen within maxStaleMs, without a bus', async ({ cache }) => {
  const without = { maxStaleMs: 100, bus: false };
  const [a, b] = [await cache(without), await cache(without)];
  for (const change of ['delete', 'invalidateTags', 'clear'] as const) {
    await a.cache.set('key', 'old', { tags: ['tag'] });
    expect(await b.cache.get('key')).toBe('old');
    if (change === 'invalidateTags') await a.cache.invalidateTags('tag');
    else if (change === 'delete') await a.cache.delete('key');
    else await a.cache.clear();
    expect(await a.cache.get('key')).toBeUndefined();
    await sleep(120);
    expect(await b.cache.get('key')).toBeUndefined();
  }
  await a.cache.set('key', 'old');
  expect(await b.cache.get('key')).toBe('old');
  await a.cache.set('key', 'new');
  await sleep(120);
  expect(await b.cache.get('key')).toBe('new');
});

redisTest('with maxStaleMs 0 memory is never answered without asking Redis', async ({ cache }) => {
  const [a, b] = [await cache({ maxStaleMs: 0 }), await cache()];
  expect(await a.cache.getOrSet('key', () => 'old')).toBe('old');
  await b.cache.set('key', 'new');
  expect(await a.cache.getOrSet('key', () => 'loaded')).toBe('new');
  await b.cache.delete('key');
  expect(await a.cache.getOrSet('key', () => 'loaded')).toBe('loaded');
});

redisTest('a confirmed value keeps its identity: it is not decoded again', async ({ cache }) => {
  const { cache: own } = await cache({ maxStaleMs: 0 });
  const first = await own.getOrSet('key', () => ({ id: 1 }));
  expect(await own.getOrSet('key', () => ({ id: 2 }))).toBe(first);
});

redisTest(
  'race 14: a set right after an invalidation of its tag stays, in every process',
  async ({ cache }) => {
    const [a, b] = [await cache(), await cache()];
    for (let round = 0; round < 50; round += 1) {
      const invalidated = a.cache.invalidateTags('tag');
      const stored = a.cache.set(`key ${round}`, round, { tags: ['tag'] });
      await Promise.all([invalidated, stored]);
      expect(await b.cache.get(`key ${round}`)).toBe(round);
      expect(await a.cache.get(`key ${round}`)).toBe(round);
    }
  },
);

redisTest(
  'stale values are shared: one process refreshes, the other finds the new one',
  async ({ cache, settle }) => {
    const options = { ttlMs: 60, staleMs: 60_000 };
    const [a, b] = [await cache(options), await cache(options)];
    await a.cache.set('key', 'first');
    await sleep(80);
    expect(await b.cache.getOrSet('key', () => 'second')).toBe('first');
    await settle();
    expect(b.cache.stats()).toMatchObject({ staleHits: 1, loads: 1 });
    expect(await b.cache.getOrSet('key', () => 'third')).toSatisfy((value) => value !== 'first');
  },
);

redisTest(
  'a tag lost by Redis (evicted, flushed) is a miss and never brings an old value back',
  async ({ cache, prefix }) => {
    const { cache: own, client } = await cache({ maxStaleMs: 0 });
    await own.set('key', 'old', { tags: ['tag'] });
    await own.invalidateTags('tag');
    for (const key of await client.keys(`${prefix}t:*`)) await client.del(key);
    expect(await own.get('key')).toBeUndefined();
    await own.set('key', 'old', { tags: ['tag'] });
    for (const key of await client.keys(`${prefix}t:*`)) await client.del(key);
    expect(await own.get('key')).toBeUndefined();
    await own.set('key', 'old');
    await client.flushall();
    expect(await own.get('key')).toBeUndefined();
    expect(await own.getOrSet('key', () => 'new')).toBe('new');
  },
);
