import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as v from 'valibot';
import { expect, expectTypeOf, test, vi } from 'vitest';
import { z } from 'zod';
import { isCacheBusyError, type Schema } from '../src/index.js';
import { deferred, memoryCache, never, turn } from './support/helpers.js';
import { redisTest } from './support/redis.js';

test('a namespace has keys of its own, and is cleared alone, with those within it', async () => {
  const { cache } = memoryCache();
  const [a, b, inner] = [cache.namespace('a'), cache.namespace('b'), cache.namespace('a').namespace('inner')];
  for (const [part, value] of [
    [cache, 0],
    [a, 1],
    [b, 2],
    [inner, 3],
  ] as const)
    await part.set('key', value);
  expect([cache, a, b, inner].map((part) => part.peek('key'))).toEqual([0, 1, 2, 3]);
  await b.delete('key');
  expect(await b.has('key')).toBe(false);
  await cache.clear('a');
  expect([cache, a, inner].map((part) => part.peek('key'))).toEqual([0, undefined, undefined]);
  expect(await a.getOrSet('key', () => 4, { tags: ['tag'] })).toBe(4);
  expect(a.getMaybe('key', () => 5)).toBe(4);
  await cache.invalidateTags('tag');
  expect(await a.get('key')).toBeUndefined();
  await expect(a.getOrSet('', () => 1)).rejects.toThrow(TypeError);
  expect(() => cache.namespace('')).toThrow(RangeError);
});

test('clearing a namespace beats a load that began before it', async () => {
  const { cache } = memoryCache();
  const part = cache.namespace('part');
  const load = deferred<string>();
  const early = part.getOrSet('key', () => load.promise);
  await part.clear();
  load.resolve('old');
  expect(await early).toBe('old');
  expect(part.peek('key')).toBeUndefined();
});

test('getMany loads what is missing with one call, and joins loads that are under way', async () => {
  const { cache } = memoryCache();
  await cache.set('a', 1);
  const load = deferred<number>();
  const joined = cache.getOrSet('b', () => load.promise);
  const asked: string[][] = [];
  const many = cache.getMany(['a', 'b', 'c', 'd', 'c'], async (keys) => {
    asked.push(keys);
    return new Map([['c', 3]]);
  });
  load.resolve(2);
  expect(await many).toEqual([1, 2, 3, undefined, 3]);
  expect(await joined).toBe(2);
  expect(asked).toEqual([['c', 'd']]);
  expect(await cache.getMany(['a', 'c', 'd'])).toEqual([1, 3, undefined]);
  const part = cache.namespace('part');
  expect(await part.getMany(['x', 'y'], (keys) => keys.map((key) => key.toUpperCase()))).toEqual(['X', 'Y']);
  expect(part.peek('x')).toBe('X');
});

test('getMany: a loader that fails, or brings too few values, fails all its keys; its signal is aborted with them', async () => {
  const { cache, clock } = memoryCache({ loadTimeoutMs: 100 });
  await expect(cache.getMany(['a', 'b'], () => Promise.reject(new Error('down')))).rejects.toThrow('down');
  await expect(cache.getMany(['a', 'b'], () => [1])).rejects.toThrow('as long as the keys');
  let signal: AbortSignal | undefined;
  const late = cache.getMany(['a', 'b'], (_keys, context) => {
    ({ signal } = context);
    return never();
  });
  const rejected = expect(late).rejects.toMatchObject({ code: 'ERR_CACHE_LOAD_TIMEOUT' });
  for (let times = 0; times < 3; times += 1) await turn();
  clock.advance(101);
  await rejected;
  expect(signal?.aborted).toBe(true);
});

redisTest('setMany, getMany and deleteMany go through Redis in few commands', async ({ cache }) => {
  const [a, b] = [await cache({ bus: false }), await cache({ bus: false })];
  const entries = Array.from({ length: 50 }, (_, index): [string, number] => [`${index}`, index]);
  const keys = entries.map(([key]) => key);
  await a.cache.setMany(entries, { tags: ['tag'] });
  const before = b.cache.stats().redisRoundTrips;
  expect(await b.cache.getMany(keys)).toEqual(entries.map(([, value]) => value));
  // The values and, since nobody said them, their tags.
  expect(b.cache.stats().redisRoundTrips - before).toBeLessThanOrEqual(51);
  const start = a.cache.stats().redisRoundTrips;
  await a.cache.deleteMany(keys);
  expect(a.cache.stats().redisRoundTrips - start).toBe(1);
  expect(await (await cache()).cache.getMany(keys)).toEqual(keys.map(() => undefined));
});

redisTest('getMany with a loader: one read, one call', async ({ cache, client, prefix }) => {
  const redis = { client: await client(), prefix, timeoutMs: 1_000, lease: false };
  const { cache: own } = await cache({ bus: false, redis });
  let calls = 0;
  const keys = Array.from({ length: 30 }, (_, index) => `${index}`);
  const values = await own.getMany(keys, (missing) => {
    calls += 1;
    return missing;
  });
  expect([values, calls]).toEqual([keys, 1]);
});

// Each key has a lease of its own, and on a busy machine the answers come in pieces.
redisTest('getMany with leases asks the loader for each key once', async ({ cache }) => {
  const { cache: own } = await cache({ bus: false });
  const keys = Array.from({ length: 30 }, (_, index) => `${index}`);
  const asked: string[] = [];
  const values = await own.getMany(keys, (missing) => {
    asked.push(...missing);
    return missing;
  });
  expect(values).toEqual(keys);
  expect([...asked].sort()).toEqual([...keys].sort());
});

test('warm loads a few at once, reads no further ahead, counts failures and can be ended', async () => {
  const { cache } = memoryCache();
  let [running, most] = [0, 0];
  async function* items() {
    for (let index = 0; index < 30; index += 1) {
      yield {
        key: `${index}`,
        load: async () => {
          running += 1;
          most = Math.max(most, running);
          await turn();
          running -= 1;
          if (index % 10 === 0) throw new Error('down');
          return index;
        },
      };
    }
  }
  expect(await cache.warm(items(), { concurrency: 4 })).toEqual({ warmed: 27, failed: 3 });
  expect(most).toBe(4);
  expect(cache.peek('29')).toBe(29);
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(cache.warm(items(), { signal })).rejects.toThrow('enough');
  await expect(cache.warm([], { concurrency: 0 })).rejects.toThrow(RangeError);
});

test('define makes a typed function, with its keys, tags and times', async () => {
  const { cache, clock } = memoryCache();
  let calls = 0;
  const product = cache.define({
    key: (id: number) => `product:${id}`,
    tags: (id) => [`product:${id}`],
    ttlMs: 500,
    load: async (id) => {
      calls += 1;
      return { id, name: 'Lamp' };
    },
  });
  expectTypeOf(product).parameter(0).toBeNumber();
  expectTypeOf<ReturnType<typeof product>>().resolves.toEqualTypeOf<{ id: number; name: string }>();
  expect(await product(7)).toEqual({ id: 7, name: 'Lamp' });
  expect(product.maybe(7)).toBe(product.peek(7));
  await cache.invalidateTags('product:7');
  await product(7);
  clock.advance(501);
  await product(7);
  expect(calls).toBe(3);
  await product.set(8, { id: 8, name: 'Chair' });
  expect(product.peek(8)).toEqual({ id: 8, name: 'Chair' });
  await product.delete(8);
  expect(cache.peek(product.keyOf(8))).toBeUndefined();
  expect(await product.warm([1, 2, 3])).toEqual({ warmed: 3, failed: 0 });
  expect(() => cache.define({ key: 5 as never, load: () => 1 })).toThrow(TypeError);
  await expect(product(9, { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
});

const shapes = {
  zod: z.object({ id: z.number(), name: z.string() }),
  valibot: v.object({ id: v.number(), name: v.string() }),
};

for (const [name, schema] of Object.entries(shapes))
  redisTest(`a schema of ${name} turns a changed shape in Redis into a miss`, async ({ cache }) => {
    const [older, newer] = [await cache(), await cache()];
    await older.cache.set('product:1', { id: 1, title: 'old shape' });
    const product = newer.cache.define({
      key: (id: number) => `product:${id}`,
      schema,
      load: async (id) => ({ id, name: 'Lamp' }),
    });
    expect(await product(1)).toEqual({ id: 1, name: 'Lamp' });
    expect(newer.cache.stats()).toMatchObject({ loads: 1, redisHits: 0 });
    await expect(newer.cache.getOrSet('x', () => 1, { schema: {} as never })).rejects.toThrow(
      'Standard Schema',
    );
  });

test('null has a ttl of its own', async () => {
  const { cache, clock } = memoryCache({ nullTtlMs: 100 });
  await cache.getOrSet('none', () => null);
  await cache.getOrSet('some', () => 1);
  await cache.getOrSet('own', () => null, { nullTtlMs: 300 });
  await cache.set('zero', null, { nullTtlMs: 0 });
  expect(await cache.has('zero')).toBe(false);
  clock.advance(101);
  expect([cache.peek('none'), cache.peek('some'), cache.peek('own')]).toEqual([undefined, 1, null]);
});

test('the ttl of a failure doubles with each one in a row, up to its limit, and a success ends the row', async () => {
  const { cache, clock } = memoryCache({ failureTtlMs: 100, maxFailureTtlMs: 250 });
  let [calls, down] = [0, true];
  const load = (): number => {
    calls += 1;
    if (down) throw new Error('down');
    return calls;
  };
  for (const ttlMs of [100, 200, 250, 250]) {
    await expect(cache.getOrSet('key', load)).rejects.toThrow('down');
    const before = calls;
    clock.advance(ttlMs - 1);
    await expect(cache.getOrSet('key', load)).rejects.toThrow('down');
    expect(calls).toBe(before);
    clock.advance(1);
  }
  down = false;
  expect(await cache.getOrSet('key', load, { ttlMs: 10 })).toBe(5);
  down = true;
  clock.advance(11);
  await expect(cache.getOrSet('key', load)).rejects.toThrow('down');
  clock.advance(101);
  await expect(cache.getOrSet('key', load)).rejects.toThrow('down');
  expect(calls).toBe(7);
});

test('a soft timeout answers with the stale value; the load goes on and its value is kept', async () => {
  const { cache, clock } = memoryCache({ staleIfErrorMs: 10_000, softTimeoutMs: 50, loadTimeoutMs: 500 });
  await cache.set('key', 'old');
  clock.advance(1_001);
  const load = deferred<string>();
  const waiting = cache.getOrSet('key', () => load.promise);
  clock.advance(51);
  expect(await waiting).toBe('old');
  expect(await cache.getOrSet('key', () => 'second load')).toBe('old');
  load.resolve('new');
  await turn();
  expect(cache.peek('key')).toBe('new');
  expect(cache.stats()).toMatchObject({ loads: 1, staleHits: 1 });
  const cold = cache.getOrSet('cold', never);
  const rejected = expect(cold).rejects.toMatchObject({ code: 'ERR_CACHE_LOAD_TIMEOUT' });
  clock.advance(501);
  await rejected;
});

test('a loader says how long its value is kept', async () => {
  const { cache, clock } = memoryCache();
  await cache.getOrSet('short', ({ keepFor }) => (keepFor === undefined ? 0 : 1));
  await cache.getOrSet('key', (context) => {
    context.keepFor({ ttlMs: 5_000 });
    return 1;
  });
  await cache.getOrSet('none', (context) => {
    context.keepFor({ ttlMs: 0 });
    return 1;
  });
  clock.advance(4_999);
  expect([cache.peek('key'), cache.peek('none')]).toEqual([1, undefined]);
  await expect(cache.getOrSet('bad', (context) => context.keepFor({ ttlMs: -1 }))).rejects.toThrow(
    RangeError,
  );
});

test('loads in flight are limited: what is beyond is refused, what is joined is not', async () => {
  const { cache } = memoryCache({ maxLoads: 2 });
  const load = deferred<number>();
  const waiting = ['a', 'b', 'a'].map((key) => cache.getOrSet(key, () => load.promise));
  const error: unknown = await cache.getOrSet('c', () => 3).catch((reason: unknown) => reason);
  expect(isCacheBusyError(error)).toBe(true);
  expect(cache.stats().loadsRefused).toBe(1);
  load.resolve(1);
  await Promise.all(waiting);
  expect(await cache.getOrSet('c', () => 3)).toBe(3);
});

test('a value over maxEntryBytes is not kept, and neither is what it replaces', async () => {
  const { cache } = memoryCache({ maxEntryBytes: 1_000 });
  await cache.set('key', 'small');
  expect(cache.peek('key')).toBe('small');
  expect(await cache.getOrSet('large', () => 'x'.repeat(2_000))).toHaveLength(2_000);
  await cache.set('key', 'x'.repeat(2_000));
  expect([cache.peek('key'), cache.peek('large')]).toEqual([undefined, undefined]);
});

test('in development values are frozen without being asked for, elsewhere not', async () => {
  for (const environment of ['development', 'production', 'test']) {
    vi.stubEnv('NODE_ENV', environment);
    const value = await memoryCache().cache.getOrSet('key', () => ({ id: 1 }));
    expect([environment, Object.isFrozen(value)]).toEqual([environment, environment === 'development']);
  }
  vi.unstubAllEnvs();
});

test('freeze finds who changes a shared value', async () => {
  const { cache } = memoryCache({ freeze: true });
  const value = await cache.getOrSet('key', () => ({ list: [{ id: 1 }], at: new Date(0) }));
  expect(() => value.list.push({ id: 2 })).toThrow(TypeError);
  expect(() => Object.assign(value.list[0] ?? {}, { id: 3 })).toThrow(TypeError);
});

test('types: any Standard Schema is a schema', () => {
  expectTypeOf<StandardSchemaV1<unknown, { id: number }>>().toExtend<Schema<{ id: number }>>();
});

test('no key reaches into a namespace, whoever made it up', async () => {
  const { cache } = memoryCache();
  const [w, inner] = [cache.namespace('w'), cache.namespace('w').namespace('in')];
  const separators = ['\u001f', '\u001e', ':', ''];
  await w.set('y', 'of w');
  await inner.set('y', 'of w in');
  for (const a of separators)
    for (const b of separators)
      for (const key of [`${a}w${b}y`, `${a}w${b}in${a}y`, `in${a}y`, `${a}in${b}y`]) {
        expect(cache.peek(key)).toBeUndefined();
        expect(w.peek(key)).toBeUndefined();
        await w.set(key, 'forged');
        if (key.startsWith('\u001f')) {
          for (const call of [
            cache.getOrSet(key, () => 1),
            cache.getMaybe(key, () => 1) as Promise<number>,
            cache.get(key),
            cache.set(key, 1),
            cache.delete(key),
            cache.getMany([key], () => [1]),
          ])
            await expect(call).rejects.toThrow('U+001F');
        } else await cache.set(key, 'forged');
        expect([w.peek('y'), inner.peek('y')]).toEqual(['of w', 'of w in']);
        await w.delete(key);
        if (!key.startsWith('\u001f')) await cache.delete(key);
      }
  for (const name of ['a\u001f', 'a\u001eb']) expect(() => cache.namespace(name)).toThrow(TypeError);
  await inner.clear();
  expect([w.peek('y'), inner.peek('y')]).toEqual(['of w', undefined]);
  await w.clear();
  expect(w.peek('y')).toBeUndefined();
});

test('what is no list of keys, and what is no event, is refused', async () => {
  const { cache } = memoryCache();
  await expect(cache.setMany({ a: 3 } as never)).rejects.toThrow(TypeError);
  await expect(cache.getMany('abc')).rejects.toThrow('another iterable');
  await expect(cache.getMany('abc', (keys) => keys)).rejects.toThrow(TypeError);
  await expect(cache.deleteMany('abc')).rejects.toThrow(TypeError);
  await expect(cache.namespace('n').deleteMany('abc')).rejects.toThrow(TypeError);
  expect(() => cache.on('nope' as never, () => {})).toThrow('no event "nope"');
  await cache.setMany(new Map([['a', 1]]));
  expect(await cache.getMany(new Set(['a', 'b']))).toEqual([1, undefined]);
});
