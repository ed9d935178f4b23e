import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import type { LoadContext } from '../src/index.js';
import { deferred, memoryCache, never, turn } from './support/helpers.js';

test('10,000 callers of a cold key share one load', async () => {
  const { cache } = memoryCache();
  let calls = 0;
  const load = async (): Promise<number> => {
    calls += 1;
    await turn();
    return 7;
  };
  const values = await Promise.all(Array.from({ length: 10_000 }, () => cache.getOrSet('key', load)));
  expect(new Set(values)).toEqual(new Set([7]));
  expect(calls).toBe(1);
  expect(cache.stats()).toMatchObject({ loads: 1, misses: 1, coalesced: 9_999 });
});

test('1,000 callers of a failing load share one call and its error', async () => {
  const { cache } = memoryCache();
  let calls = 0;
  const error = new Error('down');
  const load = async (): Promise<never> => {
    calls += 1;
    await turn();
    throw error;
  };
  const results = await Promise.allSettled(Array.from({ length: 1_000 }, () => cache.getOrSet('key', load)));
  expect(results.every((result) => result.status === 'rejected' && result.reason === error)).toBe(true);
  expect(calls).toBe(1);
});

test('with failureTtlMs a failure is answered to later callers too, until its time is over or the key is changed', async () => {
  const { cache, clock } = memoryCache({ failureTtlMs: 200 });
  let calls = 0;
  const load = (): never => {
    calls += 1;
    throw new Error(`call ${calls}`);
  };
  await expect(cache.getOrSet('key', load, { tags: ['tag'] })).rejects.toThrow('call 1');
  await expect(cache.getOrSet('key', load)).rejects.toThrow('call 1');
  clock.advance(201);
  await expect(cache.getOrSet('key', load)).rejects.toThrow('call 2');
  await cache.delete('key');
  await expect(cache.getOrSet('key', load, { tags: ['tag'] })).rejects.toThrow('call 3');
  await cache.invalidateTags('tag');
  await expect(cache.getOrSet('key', load)).rejects.toThrow('call 4');
});

test('a caller who aborts leaves alone; the others get the value, and the load is not aborted', async () => {
  const { cache } = memoryCache();
  const load = deferred<string>();
  const leaver = new AbortController();
  let context: LoadContext | undefined;
  const loader = (given: LoadContext): Promise<string> => {
    context = given;
    return load.promise;
  };
  const leaving = cache.getOrSet('key', loader, { signal: leaver.signal });
  const staying = cache.getOrSet('key', loader, { signal: new AbortController().signal });
  leaver.abort(new Error('gone'));
  await expect(leaving).rejects.toThrow('gone');
  expect(context?.signal.aborted).toBe(false);
  load.resolve('value');
  expect(await staying).toBe('value');
  expect(getEventListeners(leaver.signal, 'abort')).toHaveLength(0);
});

test('when the last caller has gone the load is aborted and the key is free', async () => {
  const { cache } = memoryCache();
  const callers = [new AbortController(), new AbortController()];
  let signal: AbortSignal | undefined;
  const waiting = callers.map((caller) =>
    cache.getOrSet(
      'key',
      (context) => {
        signal = context.signal;
        return never();
      },
      { signal: caller.signal },
    ),
  );
  const results = Promise.allSettled(waiting);
  for (const caller of callers) caller.abort();
  await results;
  expect(signal?.aborted).toBe(true);
  expect(await cache.getOrSet('key', () => 'next')).toBe('next');
});

test('a load that somebody without a signal waits for is never abandoned', async () => {
  const { cache } = memoryCache();
  const load = deferred<string>();
  const leaver = new AbortController();
  const staying = cache.getOrSet('key', () => load.promise);
  const leaving = cache.getOrSet('key', () => load.promise, { signal: leaver.signal });
  leaver.abort();
  await expect(leaving).rejects.toThrow();
  load.resolve('value');
  expect(await staying).toBe('value');
});

test('a signal that is aborted already starts no load; a hit is answered all the same', async () => {
  const { cache } = memoryCache();
  const signal = AbortSignal.abort(new Error('gone'));
  let calls = 0;
  await expect(cache.getOrSet('key', () => ++calls, { signal })).rejects.toThrow('gone');
  expect(calls).toBe(0);
  await cache.set('key', 5);
  expect(await cache.getOrSet('key', () => ++calls, { signal })).toBe(5);
});

test('the signals of 1,000 callers hold no listener after the load', async () => {
  const { cache } = memoryCache();
  const { signal } = new AbortController();
  await Promise.all(
    Array.from({ length: 1_000 }, () => cache.getOrSet('key', () => turn().then(() => 1), { signal })),
  );
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('close rejects who waits, aborts the loads and refuses what comes after', async () => {
  const { cache } = memoryCache();
  let signal: AbortSignal | undefined;
  const waiting = cache.getOrSet('key', (context) => {
    signal = context.signal;
    return never();
  });
  const rejection = expect(waiting).rejects.toMatchObject({ code: 'ERR_CACHE_CLOSED' });
  await cache.close();
  await cache.close();
  await rejection;
  expect(signal?.aborted).toBe(true);
  const closed = { code: 'ERR_CACHE_CLOSED' };
  await expect(cache.getOrSet('key', () => 1)).rejects.toMatchObject(closed);
  await expect(cache.get('key')).rejects.toMatchObject(closed);
  await expect(cache.set('key', 1)).rejects.toMatchObject(closed);
  await expect(cache.delete('key')).rejects.toMatchObject(closed);
  await expect(cache.invalidateTags('tag')).rejects.toMatchObject(closed);
  await expect(cache.clear()).rejects.toMatchObject(closed);
  expect(cache.peek('key')).toBeUndefined();
});
