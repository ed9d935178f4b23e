import { monotonicClock } from '@mainstay/core';
import { expect, vi } from 'vitest';
import { turn } from './support/helpers.js';
import { redisTest } from './support/redis.js';

const clockParts = {
  coarseNow: () => monotonicClock.coarseNow(),
  setTimer: (callback: () => void, ms: number) => monotonicClock.setTimer(callback, ms),
};

redisTest('race 7b: 0, "", false and null are values in Redis too', async ({ cache }) => {
  const [a, b] = [await cache(), await cache()];
  for (const value of [0, '', false, null]) {
    await a.cache.set(`key ${value}`, value);
    expect(await b.cache.getOrSet(`key ${value}`, () => 'loaded')).toBe(value);
  }
});

redisTest('race 9: keys and tags of any kind go through Redis', async ({ cache }) => {
  const [a, b] = [await cache(), await cache()];
  for (const key of ['__proto__', 'constructor', '🙂', 'k'.repeat(10_240)]) {
    const tags = ['__proto__', '🙂'.repeat(100)];
    await a.cache.set(key, { of: key.length }, { tags });
    expect(await b.cache.get(key)).toEqual({ of: key.length });
    await b.cache.invalidateTags('🙂'.repeat(100));
    expect(await (await cache()).cache.get(key)).toBeUndefined();
  }
});

redisTest('keys that UTF-8 cannot tell apart are different keys in Redis too', async ({ cache }) => {
  const { cache: own } = await cache({ memory: false });
  const { cache: other } = await cache();
  const keys = ['\ud800', '\ud801', '\ufffd', '"\\ud800"'];
  for (const key of keys) await own.set(key, key);
  expect(await own.getMany(keys)).toEqual(keys);
  expect(await other.getMany(keys)).toEqual(keys);
  await vi.waitFor(() => expect(other.stats().bus).toBe('up'), { timeout: 10_000 });
  await own.delete('\ud800');
  await vi.waitFor(async () => expect(await other.getMany(keys)).toEqual([undefined, ...keys.slice(1)]), {
    timeout: 30_000,
  });
});

redisTest('race 10: the first caller gets the same shape as all later ones', async ({ cache, settle }) => {
  const [a, b] = [await cache(), await cache()];
  const value = { at: new Date(0), map: new Map([[1, 2]]), gap: Number.NaN, none: undefined };
  const shape = { at: '1970-01-01T00:00:00.000Z', map: {}, gap: null };
  const load = (): unknown => value;
  const first = await a.cache.getOrSet('key', load);
  await settle();
  expect([first, await a.cache.getOrSet('key', load), await b.cache.getOrSet('key', load)]).toStrictEqual([
    shape,
    shape,
    shape,
  ]);
});

redisTest(
  'race 10b: a value that JSON cannot hold reaches its callers and stays in memory',
  async ({ cache }) => {
    const { cache: own } = await cache();
    const errors: unknown[] = [];
    own.on('codecError', ({ error }) => errors.push(error));
    expect(await own.getOrSet('key', () => 5n)).toBe(5n);
    expect(await own.getOrSet('key', () => 6n)).toBe(5n);
    await own.set('other', 'before');
    await own.set('other', 7n);
    expect(await own.get('other')).toBe(7n);
    expect(await (await cache()).cache.get('other')).toBeUndefined();
    expect(errors).toHaveLength(2);
    expect(errors[0]).toBeInstanceOf(TypeError);
  },
);

redisTest(
  'race 11: times in Redis are those of the value, and Infinity has no end',
  async ({ cache, prefix }) => {
    const { cache: own, client } = await cache();
    const lifetime = (): Promise<number> => client.pttl(`${prefix}v:key`);
    await own.set('key', 1, { ttlMs: 5_000, staleMs: 2_000, staleIfErrorMs: 9_000 });
    expect(await lifetime()).toSatisfy((left: number) => left > 13_000 && left <= 14_000);
    await own.set('key', 1, { ttlMs: Number.POSITIVE_INFINITY, tags: ['tag'] });
    expect(await lifetime()).toBe(-1);
    expect(await client.pttl(`${prefix}t:tag`)).toBe(-1);
    await own.set('key', 1, { ttlMs: 0 });
    expect(await (await cache()).cache.get('key')).toBeUndefined();
  },
);

redisTest(
  'race 13: a clock that is 5 s ahead or behind changes nothing about invalidations',
  async ({ cache }) => {
    const [a, b] = [await cache(), await cache()];
    const wallClock = vi.spyOn(Date, 'now');
    try {
      for (const shift of [5_000, -5_000]) {
        const key = `key of a clock at ${shift}`;
        const real = performance.timeOrigin + performance.now();
        wallClock.mockImplementation(() => real + shift);
        await a.cache.set(key, 'old', { tags: ['tag'] });
        wallClock.mockImplementation(() => real);
        expect(await b.cache.get(key)).toBe('old');
        await b.cache.invalidateTags('tag');
        expect(await (await cache()).cache.get(key)).toBeUndefined();
        expect(await b.cache.getOrSet(key, () => 'new', { tags: ['tag'] })).toBe('new');
      }
    } finally {
      wallClock.mockRestore();
    }
  },
);

redisTest(
  'race 13: a short-lived value of a writer whose clock is behind is found, however long the reader pauses',
  async ({ cache }) => {
    const { cache: writer } = await cache();
    const real = performance.timeOrigin + performance.now();
    const wallClock = vi.spyOn(Date, 'now').mockImplementation(() => real - 60_000);
    await writer.set('key', 1, { ttlMs: 30_000 });
    await writer.set('with a stale time', 1, { ttlMs: 30_000, staleMs: 60_000 });
    wallClock.mockRestore();
    // Whoever asks for the time finds that some of it has gone: between Redis' answer and the decision about it, too.
    let passed = 0;
    const now = (): number => {
      passed += 2;
      return monotonicClock.now() + passed;
    };
    const clock = { ...clockParts, now };
    const forbidden = (): never => {
      throw new Error('loaded again');
    };
    for (const memory of [{}, false] as const) {
      const { cache: reader } = await cache({ clock, memory, bus: false });
      expect(await reader.get('key')).toBe(1);
      expect(await reader.getOrSet('key', forbidden)).toBe(1);
      expect(await reader.get('with a stale time')).toBe(1);
      expect(reader.stats()).toMatchObject({ misses: 0, loads: 0 });
    }
  },
);

redisTest(
  'what this version does not understand is a miss, and is replaced',
  async ({ cache, settle, prefix }) => {
    const { cache: reader, client } = await cache({ maxStaleMs: 0 });
    await reader.set('key', 'mine');
    const key = `${prefix}v:key`;
    for (const foreign of [
      '',
      'text',
      Buffer.concat([Buffer.from([2, 1]), Buffer.alloc(60)]),
      Buffer.from([1, 1, 0]),
    ]) {
      await client.set(key, foreign);
      expect(await reader.getOrSet('key', () => 'loaded')).toBe('loaded');
      await turn();
      await settle();
      expect(await (await cache()).cache.get('key')).toBe('loaded');
    }
    await client.del(key);
    await client.lpush(key, 'a list');
    expect(await reader.getOrSet('key', () => 'again')).toBe('again');
  },
);
