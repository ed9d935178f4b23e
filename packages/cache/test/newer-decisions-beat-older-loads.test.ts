import { expect, test } from 'vitest';
import { deferred, memoryCache, turn } from './support/helpers.js';

const old = 'old';
const fresh = 'new';

test('race 1: a delete during a load keeps the load from being stored', async () => {
  const { cache } = memoryCache();
  const load = deferred<string>();
  const early = cache.getOrSet('key', () => load.promise);
  await cache.delete('key');
  load.resolve(old);
  expect(await early).toBe(old);
  expect(cache.peek('key')).toBeUndefined();
  expect(await cache.getOrSet('key', () => fresh)).toBe(fresh);
});

test('race 1: who asks after the delete gets a load of his own, though the older one is still under way', async () => {
  const { cache } = memoryCache();
  const load = deferred<string>();
  const early = cache.getOrSet('key', () => load.promise);
  await cache.delete('key');
  expect(await cache.getOrSet('key', () => fresh)).toBe(fresh);
  load.resolve(old);
  expect(await early).toBe(old);
  expect(await cache.get('key')).toBe(fresh);
});

test('race 1: a clear during a load keeps the load from being stored', async () => {
  const { cache } = memoryCache();
  const load = deferred<string>();
  const early = cache.getOrSet('key', () => load.promise);
  await cache.clear();
  load.resolve(old);
  await early;
  expect(await cache.get('key')).toBeUndefined();
});

test('race 2: a tag invalidated during a load keeps the load from being stored', async () => {
  const { cache } = memoryCache();
  const load = deferred<string>();
  const early = cache.getOrSet('key', () => load.promise, { tags: ['a', 'b'] });
  await cache.invalidateTags('b');
  const late = cache.getOrSet('key', () => fresh, { tags: ['a', 'b'] });
  load.resolve(old);
  expect([await early, await late]).toEqual([old, fresh]);
  expect(await cache.get('key')).toBe(fresh);
});

test('race 2: another tag invalidated during a load changes nothing', async () => {
  const { cache } = memoryCache();
  const load = deferred<string>();
  const early = cache.getOrSet('key', () => load.promise, { tags: ['a'] });
  await cache.invalidateTags('b');
  load.resolve(old);
  await early;
  expect(cache.peek('key')).toBe(old);
});

test('race 3: a set during a load is not overwritten by it', async () => {
  const { cache } = memoryCache();
  const load = deferred<string>();
  const early = cache.getOrSet('key', () => load.promise);
  await cache.set('key', fresh);
  load.resolve(old);
  await early;
  expect(cache.peek('key')).toBe(fresh);
});

for (const [change, expected] of [
  ['set', fresh],
  ['delete', undefined],
  ['invalidateTags', undefined],
  ['clear', undefined],
] as const) {
  test(`race 3b: a background refresh that ends after a ${change} is not stored`, async () => {
    const { cache, clock } = memoryCache({ staleMs: 5_000 });
    await cache.set('key', 'first', { tags: ['tag'] });
    clock.advance(1_500);
    const load = deferred<string>();
    expect(await cache.getOrSet('key', () => load.promise, { tags: ['tag'] })).toBe('first');
    if (change === 'set') await cache.set('key', fresh);
    else if (change === 'delete') await cache.delete('key');
    else if (change === 'invalidateTags') await cache.invalidateTags('tag');
    else await cache.clear();
    load.resolve(old);
    await turn();
    expect(await cache.get('key')).toBe(expected);
  });
}

test('race 6: a retry in the same microtask as the failure gets a new load', async () => {
  const { cache } = memoryCache();
  let calls = 0;
  const load = async (): Promise<string> => {
    calls += 1;
    if (calls === 1) throw new Error('first');
    return fresh;
  };
  const result = await cache.getOrSet('key', load).catch(() => cache.getOrSet('key', load));
  expect([result, calls]).toEqual([fresh, 2]);
});

test("race 6: the loader's own error reaches the caller, thrown or rejected", async () => {
  const { cache } = memoryCache();
  const error = new RangeError('mine');
  await expect(cache.getOrSet('a', () => Promise.reject(error))).rejects.toBe(error);
  await expect(
    cache.getOrSet('a', () => {
      throw error;
    }),
  ).rejects.toBe(error);
  expect(cache.stats()).toMatchObject({ loads: 2, loadErrors: 2, misses: 2, entries: 0 });
});

test('race 12: callers who come while a load ends never make it run twice', async () => {
  for (let round = 0; round < 50; round += 1) {
    const { cache } = memoryCache();
    let calls = 0;
    const load = deferred<number>();
    const loader = (): Promise<number> => {
      calls += 1;
      return load.promise;
    };
    const waiting: Promise<number>[] = [];
    for (let caller = 0; caller < 20; caller += 1) {
      waiting.push(cache.getOrSet('key', loader));
      if (caller === round % 20) load.resolve(1);
      await Promise.resolve();
    }
    await Promise.all(waiting);
    expect(calls).toBe(1);
  }
});

test('race 14: a set right after an invalidation of its tag, at the same moment, stays', async () => {
  const { cache } = memoryCache();
  for (let round = 0; round < 50; round += 1) {
    await cache.invalidateTags('tag');
    await cache.set(`key ${round}`, round, { tags: ['tag'] });
    expect(cache.peek(`key ${round}`)).toBe(round);
  }
});

test('race 15: a load that never ends is given up, its signal aborted, its key free, its late result dropped', async () => {
  const { cache, clock } = memoryCache({ loadTimeoutMs: 100 });
  const load = deferred<string>();
  let signal: AbortSignal | undefined;
  const early = cache.getOrSet('key', (context) => {
    signal = context.signal;
    return load.promise;
  });
  const rejection = expect(early).rejects.toMatchObject({ code: 'ERR_CACHE_LOAD_TIMEOUT', timeoutMs: 100 });
  clock.advance(101);
  await rejection;
  expect(signal?.aborted).toBe(true);
  expect(await cache.getOrSet('key', () => fresh)).toBe(fresh);
  load.resolve(old);
  await turn();
  expect(cache.peek('key')).toBe(fresh);
});

test('who asks for a key that is being loaded gets what was set meanwhile, and is a hit', async () => {
  const { cache } = memoryCache();
  const load = deferred<string>();
  const early = cache.getOrSet('key', () => load.promise);
  await cache.set('key', fresh);
  expect(await cache.getOrSet('key', () => 'loaded again')).toBe(fresh);
  expect(cache.getMaybe('key', () => 'loaded again')).toBe(fresh);
  load.resolve(old);
  expect([await early, await cache.getOrSet('key', () => 'loaded again')]).toEqual([old, fresh]);
  expect(cache.stats()).toMatchObject({ memoryHits: 3, misses: 1, coalesced: 0, loads: 1 });
});
