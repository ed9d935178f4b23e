import { expect, vi } from 'vitest';
import type { Cache } from '../src/index.js';
import { deferred, turn } from './support/helpers.js';
import { redisTest, type Workshop } from './support/redis.js';

/** Nothing here waits for this time: what is proved is proved by messages. */
const LONG = 60_000;

async function heard(cache: Cache, what: () => unknown): Promise<void> {
  await vi.waitFor(() => expect(what()).toBe(true), { timeout: 10_000, interval: 5 });
  expect(cache.stats().bus).toBe('up');
}

/** Two processes whose subscriptions stand. */
async function pair(workshop: Workshop): Promise<[Cache, Cache]> {
  const [a, b] = [await workshop.cache({ maxStaleMs: LONG }), await workshop.cache({ maxStaleMs: LONG })];
  for (const { cache } of [a, b]) {
    await cache.get('wakes the bus');
    await heard(cache, () => cache.stats().bus === 'up');
  }
  return [a.cache, b.cache];
}

/** Brings a value into memory; a read that crosses the message of the write itself is not kept. */
async function hold(cache: {
  get(key: string): Promise<unknown>;
  peek(key: string): unknown;
}): Promise<void> {
  await vi.waitFor(
    async () => {
      await cache.get('key');
      expect(cache.peek('key')).toBe('old');
    },
    { timeout: 30_000 },
  );
}

async function cutSubscriptions({ client }: Workshop): Promise<void> {
  const killer = await client();
  expect(await killer.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBeGreaterThan(0);
}

for (const change of ['delete', 'set', 'deleteMany', 'invalidateTags', 'clear', 'namespace'] as const) {
  redisTest(
    `race 4: a ${change} in one process leaves the memory of another at once, not at the end of its ttl`,
    async (workshop) => {
      const [a, b] = await pair(workshop);
      await a.namespace('n').set('key', 'old');
      await a.set('key', 'old', { tags: ['tag'] });
      const read = (): unknown => (change === 'namespace' ? b.namespace('n') : b).peek('key');
      await hold(change === 'namespace' ? b.namespace('n') : b);
      expect(read()).toBe('old');
      if (change === 'set') await a.set('key', 'new');
      else if (change === 'invalidateTags') await a.invalidateTags('tag');
      else if (change === 'clear') await a.clear();
      else if (change === 'namespace') await a.clear('n');
      else if (change === 'deleteMany') await a.deleteMany(['other', 'key']);
      else await a.delete('key');
      await heard(b, () => read() === undefined);
      if (change === 'set') expect(await b.get('key')).toBe('new');
    },
  );
}

for (const change of ['delete', 'invalidateTags'] as const) {
  redisTest(
    `race 5${change === 'delete' ? '' : 'b'}: a ${change} while the subscription of another process is cut is not missed by it`,
    async (workshop) => {
      const [a, b] = await pair(workshop);
      await a.set('key', 'old', { tags: ['tag'] });
      await hold(b);
      await cutSubscriptions(workshop);
      await vi.waitFor(() => expect(b.stats().busGaps).toBe(1), { timeout: 10_000, interval: 1 });
      if (change === 'delete') await a.delete('key');
      else await a.invalidateTags('tag');
      expect(b.peek('key')).toBeUndefined();
      expect(await b.get('key')).toBeUndefined();
      await heard(b, () => b.stats().bus === 'up');
      expect(await b.getOrSet('key', () => 'new', { tags: ['tag'] })).toBe('new');
    },
  );
}

redisTest(
  'race 5: after the subscription is back, what did not change is confirmed, not loaded again',
  async (workshop) => {
    const [, b] = await pair(workshop);
    const first = await b.getOrSet('key', () => ({ id: 1 }));
    await workshop.settle();
    await cutSubscriptions(workshop);
    await vi.waitFor(() => expect(b.stats().busGaps).toBe(1), { timeout: 10_000, interval: 1 });
    expect(await b.getOrSet('key', () => ({ id: 2 }))).toBe(first);
    expect(b.stats()).toMatchObject({ loads: 1, redisHits: 1 });
  },
);

redisTest('race 5: a message that was lost shows by the number of the next one', async (workshop) => {
  const [a, b] = await pair(workshop);
  await a.set('key', 'old');
  await hold(b);
  const thief = await workshop.client();
  // As if a message had been sent that nobody heard.
  await thief.hincrby(`${workshop.prefix}bus`, 'sequence', 1);
  await thief.del(`${workshop.prefix}v:key`);
  expect(b.peek('key')).toBe('old');
  await a.set('other', 1);
  await heard(b, () => b.peek('key') === undefined);
  expect(b.stats().busGaps).toBe(1);
  expect(await b.get('key')).toBeUndefined();
});

redisTest('a Redis that lost its count begins a new epoch, which is a gap', async (workshop) => {
  const [a, b] = await pair(workshop);
  await a.set('key', 'old');
  await hold(b);
  await (await workshop.client()).flushall();
  await a.set('other', 1);
  await heard(b, () => b.peek('key') === undefined);
  expect(await b.get('key')).toBeUndefined();
});

redisTest(
  'race 16: after a tag was invalidated no process serves the old value, in whatever order they read',
  async (workshop) => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const caches = await pair(workshop);
      const options = { tags: ['tag'] };
      for (const cache of caches) await cache.getOrSet('key', () => 'old', options);
      await workshop.settle();
      await caches[0].invalidateTags('tag');
      await heard(caches[1], () => caches[1].peek('key') === undefined);
      for (const index of order)
        expect(await caches[index]?.getOrSet('key', () => 'new', options)).toBe('new');
      for (const cache of caches) await cache.clear();
    }
  },
);

redisTest('race 13: a writer with a clock 5 s ahead is heard like any other', async (workshop) => {
  const [a, b] = await pair(workshop);
  const real = performance.timeOrigin + performance.now();
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => real + 5_000);
  await a.set('key', 'old', { tags: ['tag'] });
  clock.mockRestore();
  expect(await b.get('key')).toBe('old');
  await b.invalidateTags('tag');
  await heard(a, () => a.peek('key') === undefined);
  expect(await a.getOrSet('key', () => 'new', { tags: ['tag'] })).toBe('new');
});

redisTest('a read that is under way when the message comes is not kept', async (workshop) => {
  const [a, b] = await pair(workshop);
  for (let round = 0; round < 100; round += 1) {
    await a.set('key', round);
    const read = b.get('key');
    const change = a.set('key', `new ${round}`);
    await Promise.all([read, change]);
    await heard(b, () => b.peek('key') === undefined || b.peek('key') === `new ${round}`);
    expect(await b.get('key')).toBe(`new ${round}`);
  }
});

redisTest(
  'a refresh by one process replaces the older value in the memory of the others',
  async (workshop) => {
    const [a, b] = await pair(workshop);
    await a.set('key', 'old', { ttlMs: 30, staleMs: LONG });
    const bOld = await b.get('key');
    expect(bOld).toBe('old');
    await vi.waitFor(() => expect(a.peek('key')).toBeUndefined(), { timeout: 30_000 });
    const load = deferred<string>();
    await a.getOrSet('key', () => load.promise, { ttlMs: LONG });
    load.resolve('new');
    await vi.waitFor(async () => expect(await b.get('key')).toBe('new'), { timeout: 30_000 });
  },
);

redisTest(
  'the connection of the bus is ours: closed with the cache, and not made when it is not wanted',
  async (workshop) => {
    const observer = await workshop.client();
    const subscriptions = async (): Promise<number> =>
      String(await observer.call('CLIENT', 'LIST', 'TYPE', 'pubsub'))
        .split('\n')
        .filter((line) => line !== '').length;
    const before = await subscriptions();
    const { cache } = await workshop.cache({ bus: false });
    await cache.get('key');
    await workshop.settle();
    expect([await subscriptions(), cache.stats().bus]).toEqual([before, 'none']);
    const [a, b] = await pair(workshop);
    expect(await subscriptions()).toBe(before + 2);
    await Promise.all([a.close(), b.close()]);
    await vi.waitFor(async () => expect(await subscriptions()).toBe(before), { timeout: 10_000 });
  },
);

redisTest(
  'caches with the same prefix in two databases of one Redis do not hear each other',
  async (workshop) => {
    const [a] = await pair(workshop);
    const elsewhere = await workshop.client({ db: 1 });
    const { createCache } = await import('../src/index.js');
    const other = createCache({
      name: 'other',
      redis: { client: elsewhere, prefix: workshop.prefix, timeoutMs: 1_000 },
    });
    await a.set('key', 1);
    await other.set('key', 2);
    await other.delete('key');
    await turn();
    await workshop.settle();
    expect(a.peek('key')).toBe(1);
    expect(a.stats().busGaps).toBe(0);
    await other.close();
  },
);
