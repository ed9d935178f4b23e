import { ManualClock } from '@mainstay/core';
import { expect, expectTypeOf, test } from 'vitest';
import { type Cache, createCache, isCacheClosedError, isCacheLoadTimeoutError } from '../src/index.js';
import { memoryCache } from './support/helpers.js';

test('race 7: null is a value; undefined means that there is nothing to cache', async () => {
  const { cache } = memoryCache();
  let calls = 0;
  const answer =
    <T>(value: T) =>
    (): T => {
      calls += 1;
      return value;
    };
  expect(await cache.getOrSet('null', answer(null))).toBeNull();
  expect(await cache.getOrSet('null', answer(null))).toBeNull();
  expect(calls).toBe(1);
  expect(await cache.has('null')).toBe(true);
  expect(await cache.getOrSet('undefined', answer(undefined))).toBeUndefined();
  expect(await cache.getOrSet('undefined', answer(undefined))).toBeUndefined();
  expect(calls).toBe(3);
  await expect(cache.set('key', undefined)).rejects.toThrow(TypeError);
});

test.each([0, '', false, null, Number.NaN])('race 7b: %j is a value like any other', async (value) => {
  const { cache } = memoryCache();
  await cache.set('key', value);
  expect(cache.peek('key')).toBe(value);
  expect(await cache.get('key')).toBe(value);
  expect(await cache.getOrSet('key', () => 'loaded')).toBe(value);
});

test.each([
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['a space', ' '],
  ['an emoji', '🙂'],
  ['10 kB', 'k'.repeat(10_240)],
])('race 9: a key of %s is a key like any other', async (_name, key) => {
  const { cache } = memoryCache();
  expect(cache.peek(key)).toBeUndefined();
  expect(await cache.getOrSet(key, () => 1, { tags: ['__proto__'] })).toBe(1);
  expect(await cache.get(key)).toBe(1);
  await cache.invalidateTags('__proto__');
  expect(await cache.has(key)).toBe(false);
});

test.each(['', undefined, null, 5, {}, Symbol('s')])('%s is no key', async (key) => {
  const { cache } = memoryCache();
  const wrong = key as string;
  await expect(cache.getOrSet(wrong, () => 1)).rejects.toThrow(TypeError);
  await expect(cache.get(wrong)).rejects.toThrow(TypeError);
  await expect(cache.set(wrong, 1)).rejects.toThrow(TypeError);
  await expect(cache.delete(wrong)).rejects.toThrow(TypeError);
});

test('race 10: without Redis every caller gets the value itself, with its types', async () => {
  const { cache } = memoryCache();
  const value = { at: new Date(0), map: new Map([[1, 2]]), big: 5n };
  expect(await cache.getOrSet('key', () => value)).toBe(value);
  expect(await cache.getOrSet('key', () => value)).toBe(value);
});

test('race 11: a ttl of 0 keeps nothing, Infinity keeps for ever, negative ones and NaN are refused', async () => {
  const { cache, clock } = memoryCache();
  await cache.getOrSet('zero', () => 1, { ttlMs: 0, staleMs: 5_000 });
  expect(await cache.has('zero')).toBe(false);
  await cache.set('zero', 1);
  await cache.set('zero', 2, { ttlMs: 0 });
  expect(await cache.has('zero')).toBe(false);
  await cache.set('forever', 1, { ttlMs: Number.POSITIVE_INFINITY });
  clock.advance(1e12);
  expect(cache.peek('forever')).toBe(1);
  for (const ttlMs of [-5, Number.NaN, Number.NEGATIVE_INFINITY]) {
    await expect(cache.set('key', 1, { ttlMs })).rejects.toThrow(RangeError);
    await expect(cache.getOrSet('key', () => 1, { ttlMs })).rejects.toThrow('option "ttlMs" must be');
    expect(() => createCache({ name: 'x', ttlMs })).toThrow(RangeError);
  }
  await expect(cache.set('key', 1, { ttlMs: '5' as unknown as number })).rejects.toThrow(TypeError);
  await expect(cache.set('key', 1, { ttl: 5 } as object)).rejects.toThrow('unknown option "ttl"');
});

test('a value lives its ttl, and not longer', async () => {
  const { cache, clock } = memoryCache();
  await cache.set('key', 1, { ttlMs: 500 });
  clock.advance(499);
  expect(cache.peek('key')).toBe(1);
  clock.advance(1);
  expect(cache.peek('key')).toBeUndefined();
  expect(await cache.get('key')).toBeUndefined();
});

/** How many of the keys '0' to `keys` - 1 memory has. */
const countOf = (cache: Cache, keys: number): number =>
  Array.from({ length: keys }, (_, index) => cache.peek(`${index}`) !== undefined).filter(Boolean).length;

test('jitter takes off up to its share, never adds', async () => {
  const { cache, clock } = memoryCache({ ttlJitterRatio: 0.5, memory: { maxEntries: 2_000 } });
  for (let index = 0; index < 1_000; index += 1) await cache.set(`${index}`, index);
  const alive = (): number => countOf(cache, 1_000);
  clock.advance(499);
  expect(alive()).toBe(1_000);
  clock.advance(251);
  expect(alive()).toBeGreaterThan(350);
  expect(alive()).toBeLessThan(650);
  clock.advance(250);
  expect(alive()).toBe(0);
});

test('by default what was stored together does not expire together: up to a tenth of the ttl is taken off', async () => {
  const clock = new ManualClock();
  const cache = createCache({ name: 'test', clock, ttlMs: 10_000 });
  for (let index = 0; index < 1_000; index += 1) await cache.set(`${index}`, index);
  const alive = (): number => countOf(cache, 1_000);
  clock.advance(8_999);
  expect(alive()).toBe(1_000);
  clock.advance(501);
  expect(alive()).toBeGreaterThan(300);
  expect(alive()).toBeLessThan(700);
  clock.advance(500);
  expect(alive()).toBe(0);
});

test('memory is bounded by entries and by bytes, and evictions are counted', async () => {
  const { cache } = memoryCache({ memory: { maxEntries: 10 } });
  for (let index = 0; index < 25; index += 1) await cache.set(`${index}`, index);
  expect(cache.stats()).toMatchObject({ entries: 10, evictions: 15, bytes: 0 });
  const weighed = memoryCache({ memory: { maxEntries: 1_000, maxBytes: 10_000 } }).cache;
  for (let index = 0; index < 100; index += 1) await weighed.set(`${index}`, 'x'.repeat(500));
  const { bytes, entries } = weighed.stats();
  expect(bytes).toBeLessThanOrEqual(10_000);
  expect(entries).toBeGreaterThan(2);
  await weighed.set('giant', 'x'.repeat(100_000));
  expect(weighed.peek('giant')).toBeUndefined();
  expect(weighed.stats().entries).toBe(entries);
  const own = memoryCache({ memory: { maxBytes: 10, sizeOf: () => 5 } }).cache;
  for (const key of ['a', 'b', 'c']) await own.set(key, 1);
  expect(own.stats()).toMatchObject({ bytes: 10, entries: 2 });
});

test('wrong options are named, with what was received', () => {
  expect(() => createCache({} as never)).toThrow('Cache: option "name"');
  expect(() => createCache({ name: 'x', ttl: 5 } as never)).toThrow('unknown option "ttl"');
  expect(() => createCache({ name: 'x', memory: { maxEntries: 0 } })).toThrow(RangeError);
  expect(() => createCache({ name: 'x', memory: { sizeOf: () => 1 } })).toThrow('maxBytes');
  expect(() => createCache({ name: 'x', ttlJitterRatio: 2 })).toThrow(RangeError);
  expect(() => createCache({ name: 'x', redis: {} as never })).toThrow('ioredis client');
  expect(() => createCache({ name: 'x', redis: 'redis://localhost' as never })).toThrow(TypeError);
});

test('a loader that is no function, and wrong tags, are refused', async () => {
  const { cache } = memoryCache();
  await expect(cache.getOrSet('key', 5 as never)).rejects.toThrow(TypeError);
  await expect(cache.getOrSet('key', () => 1, { tags: [''] })).rejects.toThrow('tags[0]');
  await expect(cache.getOrSet('key', () => 1, { tags: 'tag' as never })).rejects.toThrow(TypeError);
  await expect(cache.invalidateTags(5 as never)).rejects.toThrow(TypeError);
  await cache.invalidateTags();
});

test('types: what the loader gives is what the caller gets', async () => {
  const { cache } = memoryCache();
  expectTypeOf(cache.getOrSet('a', async () => ({ id: 1 }))).resolves.toEqualTypeOf<{ id: number }>();
  expectTypeOf(cache.getMaybe('b', () => 'text')).toEqualTypeOf<string | Promise<string>>();
  expectTypeOf(cache.peek<number>('c')).toEqualTypeOf<number | undefined>();
  expectTypeOf(cache.get('d')).resolves.toBeUnknown();
  expectTypeOf(cache.stats().redis).toEqualTypeOf<'none' | 'up' | 'away'>();
});

test('the errors are recognised by their code', async () => {
  expect(isCacheLoadTimeoutError({ code: 'ERR_CACHE_LOAD_TIMEOUT' })).toBe(true);
  expect(isCacheClosedError({ code: 'ERR_CACHE_CLOSED' })).toBe(true);
  expect(isCacheClosedError(new Error('other'))).toBe(false);
});

test('events tell of loads, failures and invalidations; a listener that throws changes nothing', async () => {
  const { cache } = memoryCache();
  const seen: unknown[] = [];
  cache.on('load', ({ key }) => seen.push(['load', key]));
  cache.on('loadError', ({ key, error }) => seen.push(['loadError', key, (error as Error).message]));
  const stop = cache.on('invalidate', (payload) => seen.push(payload));
  await cache.getOrSet('a', () => 1);
  await cache.getOrSet('b', () => Promise.reject(new Error('no'))).catch(() => {});
  await cache.delete('a');
  await cache.invalidateTags('t', 'u');
  stop();
  await cache.clear();
  expect(seen).toEqual([
    ['load', 'a'],
    ['loadError', 'b', 'no'],
    { keys: ['a'], tags: [], all: false },
    { keys: [], tags: ['t', 'u'], all: false },
  ]);
  expect(cache.stats().invalidations).toBe(3);
});
