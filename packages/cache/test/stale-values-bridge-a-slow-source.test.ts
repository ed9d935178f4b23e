import { expect, test } from 'vitest';
import type { LoadContext } from '../src/index.js';
import { deferred, memoryCache, never, turn } from './support/helpers.js';

test('within staleMs the stale value is answered at once and one load refreshes it', async () => {
  const { cache, clock } = memoryCache({ staleMs: 1_000 });
  await cache.set('key', 1);
  clock.advance(1_001);
  const load = deferred<number>();
  let calls = 0;
  const loader = (): Promise<number> => {
    calls += 1;
    return load.promise;
  };
  expect(cache.getMaybe('key', loader)).toBe(1);
  expect(await cache.getOrSet('key', loader)).toBe(1);
  load.resolve(2);
  await turn();
  expect(cache.getMaybe('key', loader)).toBe(2);
  expect(calls).toBe(1);
  expect(cache.stats()).toMatchObject({ staleHits: 2, memoryHits: 1, misses: 0, loads: 1 });
});

test('after staleMs callers wait for the load', async () => {
  const { cache, clock } = memoryCache({ staleMs: 1_000 });
  await cache.set('key', 1);
  clock.advance(2_001);
  expect(await cache.getOrSet('key', async () => 2)).toBe(2);
  expect(cache.stats()).toMatchObject({ staleHits: 0, misses: 1 });
});

test('a caller who comes after staleMs joins the refresh that is under way', async () => {
  const { cache, clock } = memoryCache({ staleMs: 1_000 });
  await cache.set('key', 1);
  clock.advance(1_500);
  const load = deferred<number>();
  await cache.getOrSet('key', () => load.promise);
  clock.advance(1_000);
  const late = cache.getOrSet('key', () => 3);
  load.resolve(2);
  expect(await late).toBe(2);
});

test('a refresh that fails is not tried again by every caller, and nobody sees its error', async () => {
  const { cache, clock } = memoryCache({ staleMs: 10_000 });
  await cache.set('key', 1);
  clock.advance(1_001);
  let calls = 0;
  const load = async (): Promise<number> => {
    calls += 1;
    throw new Error('down');
  };
  for (let caller = 0; caller < 10; caller += 1) {
    expect(await cache.getOrSet('key', load)).toBe(1);
    await turn();
  }
  expect(calls).toBe(1);
  clock.advance(1_001);
  expect(await cache.getOrSet('key', load)).toBe(1);
  await turn();
  expect(calls).toBe(2);
});

test('within staleIfErrorMs callers wait, and get the stale value if the load fails', async () => {
  const { cache, clock } = memoryCache({ staleIfErrorMs: 10_000 });
  await cache.set('key', 1);
  clock.advance(1_001);
  expect(await cache.getOrSet('key', () => Promise.reject(new Error('down')))).toBe(1);
  expect(cache.stats()).toMatchObject({ staleHits: 1, loadErrors: 1, misses: 0 });
  clock.advance(1_001);
  expect(await cache.getOrSet('key', async () => 2)).toBe(2);
  clock.advance(11_001);
  await expect(cache.getOrSet('key', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
});

test('a load that takes too long is answered from the stale value as well', async () => {
  const { cache, clock } = memoryCache({ staleIfErrorMs: 10_000, loadTimeoutMs: 100 });
  await cache.set('key', 1);
  clock.advance(1_001);
  const waiting = cache.getOrSet('key', never);
  clock.advance(101);
  expect(await waiting).toBe(1);
});

test('an invalidated value is not stale but wrong: it is never answered', async () => {
  const { cache, clock } = memoryCache({ staleMs: 10_000, staleIfErrorMs: 10_000 });
  await cache.set('key', 1, { tags: ['tag'] });
  clock.advance(1_001);
  await cache.invalidateTags('tag');
  await expect(cache.getOrSet('key', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
  expect(await cache.get('key')).toBeUndefined();
});

test('a loader knows whether somebody waits, and what would be answered if it failed', async () => {
  const { cache, clock } = memoryCache({ staleMs: 1_000, staleIfErrorMs: 10_000 });
  const seen: unknown[] = [];
  const load = async ({ background, stale }: LoadContext): Promise<string> => {
    seen.push([background, stale]);
    // As a source does that is asked with If-None-Match, and answers that nothing changed.
    return typeof stale === 'string' ? stale : 'loaded';
  };
  await cache.getOrSet('key', load);
  clock.advance(1_001);
  await cache.getOrSet('key', load);
  clock.advance(2_001);
  expect(await cache.getOrSet('key', load)).toBe('loaded');
  clock.advance(2_001);
  await cache.delete('key');
  await cache.getOrSet('key', load);
  expect(seen).toEqual([
    [false, undefined],
    [true, 'loaded'],
    [false, 'loaded'],
    [false, undefined],
  ]);
});
