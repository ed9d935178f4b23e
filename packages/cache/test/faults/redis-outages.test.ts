import { expect } from 'vitest';
import { type Cache, createCache } from '../../src/index.js';
import { sleep } from '../support/helpers.js';
import { outages, type Site, siteOf } from '../support/outages.js';
import { redisTest, type Workshop } from '../support/redis.js';

/** One Redis timeout, and what a busy machine with two cores adds. */
const BOUND_MS = 50 + 250;

/** The time that each of a row of cold reads takes. */
async function coldReads(cache: Cache, name: string, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let read = 0; read < count; read += 1) {
    const startedAt = performance.now();
    expect(await cache.getOrSet(`${name} ${read}`, async () => read)).toBe(read);
    took.push(performance.now() - startedAt);
  }
  return took;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function backUp(cache: Cache): Promise<void> {
  const until = performance.now() + 20_000;
  while (cache.stats().redis !== 'up' && performance.now() < until) {
    await cache.get('is it back?');
    await sleep(50);
  }
  expect(cache.stats().redis).toBe('up');
}

function cacheOf({ workshop, client }: Site): Cache {
  // Default options: what is promised is promised of these. Without the bus every command is a read's own.
  return createCache({ name: 'outage', bus: false, redis: { client, prefix: workshop.prefix } });
}

/** Another process, connected directly. */
async function direct(workshop: Workshop): Promise<Cache> {
  return (await workshop.cache({ memory: false, bus: false })).cache;
}

for (const [name, outage] of Object.entries(outages)) {
  redisTest(
    `Redis ${name}: cold reads cost at most one timeout each, three times, then nothing; memory goes on`,
    async (workshop) => {
      const site = await siteOf(workshop);
      const cache = cacheOf(site);
      await cache.set('warm', 'kept');
      await outage.begin(site);

      const first = await coldReads(cache, 'first', 6);
      expect(Math.max(...first)).toBeLessThan(BOUND_MS);
      expect(cache.stats().redis).toBe('away');
      const { redisTimeouts, redisRoundTrips, redisErrors } = cache.stats();
      expect(redisTimeouts + redisErrors).toBeLessThanOrEqual(3);
      const later = await coldReads(cache, 'later', 200);
      expect(median(later)).toBeLessThan(2);
      // Not one of them was sent: that is what makes them cheap.
      expect(cache.stats()).toMatchObject({ redisTimeouts, redisRoundTrips, redisErrors, loads: 206 });

      expect(await cache.getOrSet('warm', async () => 'loaded')).toBe('kept');
      await sleep(1_100);
      expect(await cache.getOrSet('warm', async () => 'loaded')).toBe('kept');

      await outage.end(site);
      await backUp(cache);
      expect(await cache.getOrSet('after', async () => 1)).toBe(1);
      await sleep(50);
      expect(await (await direct(workshop)).get('after')).toBe(1);
      await cache.close();
    },
  );

  redisTest(`Redis ${name}: 100 readers at once wait for one timeout together`, async (workshop) => {
    const site = await siteOf(workshop);
    const cache = cacheOf(site);
    await outage.begin(site);
    for (let round = 0; round < 5; round += 1) {
      const startedAt = performance.now();
      await Promise.all(
        Array.from({ length: 100 }, (_, index) => cache.getOrSet(`${round} ${index}`, async () => index)),
      );
      expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
    }
    expect(cache.stats().redis).toBe('away');
    const { redisTimeouts, redisErrors } = cache.stats();
    expect(redisTimeouts + redisErrors).toBeLessThanOrEqual(3);
    await outage.end(site);
    await backUp(cache);
    await cache.close();
  });

  redisTest(
    `Redis ${name}: what was changed meanwhile is told before anything is read, and the newest decision wins`,
    async (workshop) => {
      const site = await siteOf(workshop);
      const cache = cacheOf(site);
      const other = await direct(workshop);
      for (const key of ['deleted', 'set', 'set twice', 'set again', 'kept']) await cache.set(key, 'old');
      await cache.set('tagged', 'old', { tags: ['tag'] });
      await outage.begin(site);

      const startedAt = performance.now();
      await Promise.all([cache.delete('deleted'), cache.delete('set again')]);
      await Promise.all([cache.set('set', 'new'), cache.invalidateTags('tag')]);
      await cache.set('set twice', 'newer');
      await cache.set('set twice', 'newest');
      expect(performance.now() - startedAt).toBeLessThan(4 * BOUND_MS);
      expect(await cache.getOrSet('set twice', () => 'loaded')).toBe('newest');
      if (outage.othersReachIt) await other.set('set again', 'by another');

      await outage.end(site);
      await backUp(cache);
      // Its own connection did not see the outage.
      const reader = await direct(workshop);
      expect(await reader.get('kept')).toBe('old');
      expect(await reader.get('deleted')).toBeUndefined();
      expect(await reader.get('tagged')).toBeUndefined();
      expect(['new', undefined]).toContain(await reader.get('set'));
      expect(['newest', undefined]).toContain(await reader.get('set twice'));
      expect(['by another', undefined]).toContain(await reader.get('set again'));
      await cache.close();
    },
  );
}

redisTest(
  'Redis refused at start: the cache works from memory, and uses Redis when it comes',
  async (workshop) => {
    await workshop.server.stop();
    const client = await workshop.client({ lazyConnect: true });
    const cache = createCache({ name: 'late', redis: client });
    expect(Math.max(...(await coldReads(cache, 'cold', 50)))).toBeLessThan(BOUND_MS);
    expect(cache.stats()).toMatchObject({ redis: 'away', redisTimeouts: 0 });
    await workshop.server.start();
    await backUp(cache);
    expect(await cache.getOrSet('after', async () => 1)).toBe(1);
    await sleep(50);
    expect(await client.exists('late:v:after')).toBe(1);
    await cache.close();
  },
);

redisTest(
  'a write that a frozen Redis executes late does not undo a delete of another process',
  async (workshop) => {
    const { cache: a } = await workshop.cache({ timeoutMs: 50 });
    const { cache: b } = await workshop.cache({ timeoutMs: 50 });
    let release = (_value: string): void => {};
    const early = a.getOrSet(
      'key',
      () =>
        new Promise<string>((resolve) => {
          release = resolve;
        }),
    );
    await sleep(30);
    await b.delete('key');
    await workshop.server.freeze();
    release('old');
    expect(await early).toBe('old');
    await sleep(200);
    await workshop.server.thaw();
    await sleep(200);
    const { cache: third } = await workshop.cache();
    expect(await third.get('key')).toBeUndefined();
  },
);
