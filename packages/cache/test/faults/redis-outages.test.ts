import { expect } from 'vitest';
import { type Cache, createCache } from '../../src/index.js';
import { sleep } from '../support/helpers.js';
import { redisTest, type Workshop } from '../support/redis.js';

/** One Redis timeout, and what a busy machine with two cores adds. */
const BOUND_MS = 50 + 250;

interface Outage {
  begin(workshop: Workshop): Promise<void>;
  end(workshop: Workshop): Promise<void>;
}

const outages: Record<string, Outage> = {
  stopped: { begin: ({ server }) => server.stop(), end: ({ server }) => server.start() },
  killed: { begin: ({ server }) => server.kill(), end: ({ server }) => server.start() },
  frozen: { begin: ({ server }) => server.freeze(), end: ({ server }) => server.thaw() },
};

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

for (const [name, outage] of Object.entries(outages)) {
  redisTest(
    `Redis ${name}: cold reads cost at most one timeout, then nothing; memory goes on; it comes back by itself`,
    async (workshop) => {
      const client = await workshop.client();
      const cache = createCache({ name: 'outage', redis: { client, prefix: workshop.prefix } });
      await cache.set('warm', 'kept');
      await outage.begin(workshop);

      const first = await coldReads(cache, 'first', 6);
      expect(Math.max(...first)).toBeLessThan(BOUND_MS);
      const later = await coldReads(cache, 'later', 200);
      expect(median(later)).toBeLessThan(2);
      expect(cache.stats().redis).toBe('away');
      expect(await cache.getOrSet('warm', async () => 'loaded')).toBe('kept');
      await sleep(1_100);
      expect(await cache.getOrSet('warm', async () => 'loaded')).toBe('kept');

      const startedAt = performance.now();
      await cache.delete('warm');
      await cache.set('set', 1);
      await cache.invalidateTags('tag');
      expect(performance.now() - startedAt).toBeLessThan(3 * BOUND_MS);

      await outage.end(workshop);
      await backUp(cache);
      expect(await cache.getOrSet('after', async () => 1)).toBe(1);
      await sleep(50);
      const other = createCache({
        name: 'other',
        redis: { client: await workshop.client(), prefix: workshop.prefix, timeoutMs: 1_000 },
      });
      expect(await other.get('warm')).toBeUndefined();
      expect(await other.get('after')).toBe(1);
      await Promise.all([cache.close(), other.close()]);
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

redisTest('100 concurrent readers of a frozen Redis wait for one timeout together', async (workshop) => {
  const client = await workshop.client();
  const cache = createCache({ name: 'crowd', redis: client });
  await workshop.server.freeze();
  for (let round = 0; round < 5; round += 1) {
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => cache.getOrSet(`${round} ${index}`, async () => index)),
    );
    expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
  }
  expect(cache.stats().redis).toBe('away');
  await workshop.server.thaw();
  await backUp(cache);
  await cache.close();
});

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
