import { Packr } from 'msgpackr';
import { expect, test, vi } from 'vitest';
import { createCache, msgpackCodec } from '../src/index.js';
import { deferred, memoryCache, never, turn } from './support/helpers.js';
import { redisTest } from './support/redis.js';

const failing = (): Promise<never> => Promise.reject(new Error('down'));

test('a cache of which nobody asked anything says so', () => {
  expect(memoryCache().cache.stats()).toEqual({
    memoryHits: 0,
    redisHits: 0,
    staleHits: 0,
    misses: 0,
    coalesced: 0,
    memoryStaleHits: 0,
    redisStaleHits: 0,
    memoryMisses: 0,
    redisMisses: 0,
    loads: 0,
    loadErrors: 0,
    loadsRefused: 0,
    leaseWaits: 0,
    invalidations: 0,
    evictions: 0,
    entries: 0,
    bytes: 0,
    redis: 'none',
    redisErrors: 0,
    redisTimeouts: 0,
    redisSkipped: 0,
    redisRoundTrips: 0,
    breaker: 'none',
    bus: 'none',
    busGaps: 0,
    busMessages: 0,
    compressionRatio: 1,
  });
});

test('in memory: hits, stale hits, misses, loads and their errors, single-flight savings', async () => {
  const { cache, clock } = memoryCache({ staleMs: 1_000, staleIfErrorMs: 5_000 });
  await Promise.all(Array.from({ length: 5 }, () => cache.getOrSet('key', async () => 1)));
  cache.getMaybe('key', () => 2);
  await cache.get('key');
  await cache.get('nothing');
  await cache.getOrSet('broken', failing).catch(() => {});
  expect(cache.stats()).toMatchObject({
    memoryHits: 2,
    misses: 3,
    coalesced: 4,
    memoryMisses: 7,
    redisMisses: 0,
    loads: 2,
    loadErrors: 1,
  });
  clock.advance(1_001);
  await cache.getOrSet('key', async () => 2);
  await turn();
  clock.advance(2_001);
  // Past its stale time, but better than an error.
  expect(await cache.getOrSet('key', failing)).toBe(2);
  expect(cache.stats()).toMatchObject({ staleHits: 2, memoryStaleHits: 2, redisStaleHits: 0, loads: 4 });
});

test('every read counts once', async () => {
  const { cache, clock } = memoryCache({ staleMs: 50, memory: { maxEntries: 5 }, failureTtlMs: 20 });
  let reads = 0;
  for (let round = 0; round < 500; round += 1) {
    const key = `${(round * 7) % 9}`;
    reads += 1;
    if (round % 3 === 0) await cache.get(key);
    else await cache.getOrSet(key, round % 5 === 0 ? failing : () => round, { ttlMs: 40 }).catch(() => {});
    clock.advance(round % 11);
  }
  const { memoryHits, redisHits, staleHits, misses, coalesced, memoryMisses } = cache.stats();
  expect(memoryHits + redisHits + staleHits + misses + coalesced).toBe(reads);
  expect(memoryHits + staleHits + memoryMisses).toBe(reads);
});

redisTest('with Redis: hits, stale hits and misses by level, round trips, the states', async ({ cache }) => {
  const [a, b] = [await cache({ staleMs: 600_000 }), await cache({ staleMs: 600_000, bus: false })];
  expect(await a.cache.getOrSet('key', () => 1)).toBe(1);
  await a.cache.set('key', 1);
  expect(a.cache.stats()).toMatchObject({ misses: 1, redisMisses: 1, memoryMisses: 1, breaker: 'closed' });
  expect(await b.cache.get('nothing')).toBeUndefined();
  expect(await b.cache.get('key')).toBe(1);
  expect(await b.cache.get('key')).toBe(1);
  const stats = b.cache.stats();
  expect(stats).toMatchObject({
    memoryHits: 1,
    redisHits: 1,
    misses: 1,
    redisMisses: 1,
    memoryMisses: 2,
    redis: 'up',
    breaker: 'closed',
    bus: 'none',
    redisErrors: 0,
    redisTimeouts: 0,
  });
  expect(stats.redisRoundTrips).toBeGreaterThanOrEqual(2);
  // Seen by a process in which it is later.
  const later = Date.now() + 120_000;
  const wallClock = vi.spyOn(Date, 'now').mockImplementation(() => later);
  try {
    const c = await cache({ staleMs: 600_000 });
    expect(await c.cache.get('key')).toBe(1);
    expect(c.cache.stats()).toMatchObject({ staleHits: 1, redisStaleHits: 1, memoryStaleHits: 0 });
    const d = await cache({ staleMs: 600_000 });
    expect(await d.cache.getOrSet('key', never)).toBe(1);
    expect(d.cache.stats()).toMatchObject({ staleHits: 1, redisStaleHits: 1, redisMisses: 0 });
  } finally {
    wallClock.mockRestore();
  }
});

redisTest(
  'compressionRatio is bytes after to bytes before, whatever the codec',
  async ({ client, prefix }) => {
    const own = await client();
    const cache = createCache({
      name: 'ratio',
      redis: { client: own, prefix, timeoutMs: 2_000, codec: msgpackCodec(new Packr()) },
    });
    await cache.set('short', 'text');
    expect(cache.stats().compressionRatio).toBe(1);
    await cache.set('long', 'text '.repeat(1_000));
    expect(cache.stats().compressionRatio).toBeGreaterThan(0);
    expect(cache.stats().compressionRatio).toBeLessThan(0.1);
    await cache.close();
  },
);

test('latency histograms exist where they are asked for, a level each', async () => {
  expect(memoryCache().cache.stats()).not.toHaveProperty('latency');
  const { cache, clock } = memoryCache({ latency: true });
  const nothing = { count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };
  expect(cache.stats().latency).toEqual({ memory: nothing, redis: nothing, load: nothing });
  const load = deferred<number>();
  const waiting = cache.getOrSet('key', () => load.promise);
  clock.advance(40);
  load.resolve(1);
  await waiting;
  await cache.getOrSet('key', () => 2);
  cache.getMaybe('key', () => 2);
  await cache.get('key');
  const { latency } = cache.stats();
  expect(latency).toMatchObject({ memory: { count: 3 }, load: { count: 1 }, redis: { count: 0 } });
  expect(latency?.load.p50Ms).toBeCloseTo(40, 0);
  expect(latency?.load.maxMs).toBeCloseTo(40, 0);
});

redisTest('the latency of Redis is that of its commands', async ({ cache }) => {
  const { cache: own } = await cache({ latency: true });
  await own.set('key', 1);
  await own.get('other');
  const { latency } = own.stats();
  expect(latency?.redis.count).toBeGreaterThanOrEqual(2);
  expect(latency?.redis.p99Ms).toBeGreaterThan(0);
});
