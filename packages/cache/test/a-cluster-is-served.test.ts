import { Cluster, type Redis } from 'ioredis';
import { expect, test, vi } from 'vitest';
import { type Cache, createCache } from '../src/index.js';
import { type RaceSubject, races } from '../src/race-suite.js';
import { hashTags, rangeOf, slotOfTag } from '../src/redis-slots.js';
import { type ClusterWorkshop, clusterTests } from './support/cluster.js';
import { deferred, sleep } from './support/helpers.js';

const clusterTest = await clusterTests();

const subjectOf = (cache: Cache): RaceSubject => ({
  getOrSet: (key, load, options) => cache.getOrSet(key, load, options),
  set: (key, value, options) => cache.set(key, value, options),
  delete: (key) => cache.delete(key),
  invalidateTags: (tags) => cache.invalidateTags(...tags),
  close: () => cache.close(),
});

for (const race of races) {
  clusterTest(`a Cluster holds ${race.name}`, async ({ cache, node }) => {
    await race.run(() => ({
      subject: async () => subjectOf(await cache()),
      cutMessages: async () => {
        for (const index of [0, 1, 2]) await (await node(index)).call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      },
    }));
  });
}

const SPOKEN = new Set(['mget', 'evalsha', 'eval', 'set', 'get', 'publish', 'spublish']);

/** What really reaches the three masters. */
async function recorded(
  { node }: ClusterWorkshop,
  run: () => Promise<unknown>,
): Promise<{ node: number; command: string[] }[]> {
  const commands: { node: number; command: string[] }[] = [];
  const monitors: Redis[] = [];
  for (const index of [0, 1, 2]) {
    const monitor = await (await node(index)).monitor();
    monitors.push(monitor);
    monitor.on('monitor', (_time: string, command: string[], source: string) => {
      if (source !== 'lua' && SPOKEN.has(command[0]?.toLowerCase() ?? ''))
        commands.push({ node: index, command });
    });
  }
  await run();
  await sleep(50);
  for (const monitor of monitors) monitor.disconnect();
  return commands;
}

clusterTest(
  'reads of one tick are one MGET a slot, all sent at once: values and the tags that lie elsewhere',
  async (workshop) => {
    const [writer, reader] = [await workshop.cache(), await workshop.cache({ bus: false })];
    const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`);
    const tags = (key: string): string[] => ['shared', `own of ${key}`];
    for (const key of keys) await writer.set(key, key, { tags: tags(key) });
    const before = reader.stats().redisRoundTrips;
    let sent = 0;
    const commands = await recorded(workshop, async () => {
      const reads = Promise.all(keys.map((key) => reader.getOrSet(key, () => 'loaded', { tags: tags(key) })));
      await new Promise((resolve) => process.nextTick(() => setImmediate(resolve)));
      sent = reader.stats().redisRoundTrips - before;
      expect(await reads).toEqual(keys);
    });
    expect(commands.map(({ command }) => command[0]?.toLowerCase())).toEqual(Array(16).fill('mget'));
    // Nothing waited for an answer first.
    expect(sent).toBe(16);
    expect(new Set(commands.map(({ node }) => node)).size).toBe(3);
    const asked = commands.flatMap(({ command }) => command.slice(1));
    expect(new Set(asked).size).toBe(asked.length);
    expect(asked).toHaveLength(300 + 300 + 1 + 16);
  },
);

clusterTest('a value is stored and announced in one command, its tags claimed before', async (workshop) => {
  const cache = await workshop.cache({ bus: false });
  for (let index = 0; index < 100; index += 1) {
    await cache.set(`warm ${index}`, 1, { tags: [`${index}`] });
    await cache.invalidateTags(`${index}`);
  }
  const plain = await recorded(workshop, () => cache.set('key', 1));
  expect(plain.map(({ command }) => command[0])).toEqual(['evalsha']);
  const tagged = await recorded(workshop, () => cache.set('key', 1, { tags: ['one tag'] }));
  expect(tagged.map(({ command }) => command[0])).toEqual(['evalsha', 'evalsha']);
  const invalidated = await recorded(workshop, () => cache.invalidateTags('one tag'));
  expect(invalidated.map(({ command }) => command[0])).toEqual(['evalsha']);
  expect(await cache.get('key')).toBeUndefined();
});

clusterTest('tags, clear and namespaces reach values in every slot', async ({ cache }) => {
  const [a, b] = [await cache(), await cache()];
  const keys = Array.from({ length: 200 }, (_, index) => `key ${index}`);
  const fill = (): Promise<unknown> =>
    Promise.all(keys.map((key) => a.set(key, key, { tags: ['all of them', key] })));
  await fill();
  expect(await b.getMany(keys)).toEqual(keys);
  await a.invalidateTags('all of them');
  expect(await (await cache()).getMany(keys)).toEqual(keys.map(() => undefined));
  await fill();
  await a.deleteMany(keys.slice(0, 100));
  expect((await (await cache()).getMany(keys)).filter((value) => value !== undefined)).toHaveLength(100);
  await a.namespace('n').setMany(keys.map((key) => [key, key]));
  await a.namespace('n').clear();
  const third = await cache();
  expect(await third.namespace('n').getMany(keys)).toEqual(keys.map(() => undefined));
  expect(await third.get('key 150')).toBe('key 150');
  await a.clear();
  expect(await (await cache()).getMany(keys)).toEqual(keys.map(() => undefined));
  await vi.waitFor(() => expect(b.peek('key 150')).toBeUndefined(), { timeout: 30_000 });
});

clusterTest(
  'an invalidation during a load of another process, in another slot, wins',
  async ({ cache, settle }) => {
    const [a, b] = [await cache(), await cache()];
    for (let round = 0; round < 20; round += 1) {
      const [key, tag] = [`key ${round}`, `tag ${round}`];
      const load = deferred<string>();
      const early = a.getOrSet(key, () => load.promise, { tags: [tag] });
      await settle();
      await b.invalidateTags(tag);
      load.resolve('old');
      expect(await early).toBe('old');
      await settle();
      expect(await (await cache()).get(key)).toBeUndefined();
      expect(await a.getOrSet(key, () => 'new', { tags: [tag] })).toBe('new');
    }
  },
);

clusterTest(
  'a value that is stored between the answers of two masters is found: its tag is asked for once more',
  async ({ cache, client, prefix }) => {
    const writer = await cache();
    for (let round = 0; round < 10; round += 1) {
      const [key, tag] = [`key ${round}`, `tag ${round}`];
      if (rangeOf(key, 16) === rangeOf(tag, 16)) continue;
      const slow = await client();
      const mget = slow.mgetBuffer.bind(slow) as (...keys: string[]) => Promise<(Buffer | null)[]>;
      // The master of the value answers after the other one, and after the value was stored.
      const late = async (...keys: string[]): Promise<(Buffer | null)[]> => {
        if (keys.some((name) => name.endsWith(`v:${key}`))) {
          await sleep(20);
          await writer.set(key, 'stored', { tags: [tag] });
        }
        return mget(...keys);
      };
      Object.assign(slow, { mgetBuffer: late });
      const reader = createCache({
        name: 'late',
        bus: false,
        redis: { client: slow, prefix, timeoutMs: 5_000 },
      });
      expect(await reader.getOrSet(key, () => 'loaded', { tags: [tag] })).toBe('stored');
      await reader.close();
    }
  },
);

clusterTest(
  'who waits for another process is woken by the bus, wherever the key lies',
  async ({ cache, settle }) => {
    const [a, b] = [await cache(), await cache()];
    for (const own of [a, b]) {
      await own.get('wake');
      await vi.waitFor(() => expect(own.stats().bus).toBe('up'), { timeout: 10_000 });
    }
    for (let round = 0; round < 20; round += 1) {
      const load = deferred<string>();
      const loading = a.getOrSet(`key ${round}`, () => load.promise, { tags: ['tag'] });
      await settle();
      const waiting = b.getOrSet(`key ${round}`, () => 'loaded twice', { tags: ['tag'] });
      await settle();
      load.resolve('value');
      expect([await loading, await waiting]).toEqual(['value', 'value']);
    }
    expect(b.stats()).toMatchObject({ loads: 0, leaseWaits: 20 });
  },
);

clusterTest(
  'keys and tags with braces, and keyPrefix, lie where they can be read together',
  async ({ cache, client, prefix }) => {
    const names = ['{a}b', '}{', '{}', '{', 'a{b}c{d}', '🙂', '__proto__', 'k'.repeat(10_240)];
    const prefixed = await client({ keyPrefix: 'app:' });
    const own = createCache({ name: 'braces', redis: { client: prefixed, prefix, timeoutMs: 1_000 } });
    const plain = await cache({ memory: false });
    for (const writer of [own, plain]) {
      for (const name of names) {
        const tag = name.slice(0, 500);
        await writer.set(name, name, { tags: [tag] });
        expect(await writer.get(name)).toBe(name);
        await writer.invalidateTags(tag);
        expect(await writer.get(name)).toBeUndefined();
        expect(await writer.getOrSet(name, () => 'loaded')).toBe('loaded');
      }
    }
    await own.close();
  },
);

test('property: each slot range has one hash tag, and masters with equal shares get equal shares of them', () => {
  for (const count of [1, 2, 3, 16, 100, 4_096]) {
    const tags = hashTags(count);
    expect(tags.map((tag) => rangeOf(tag, count))).toEqual(tags.map((_, index) => index));
    const masters = new Map<number, number>();
    for (const tag of tags) {
      const master = Math.floor((slotOfTag(tag) * 4) / 16_384);
      masters.set(master, (masters.get(master) ?? 0) + 1);
    }
    if (count >= 16) expect(Math.max(...masters.values()) - Math.min(...masters.values())).toBeLessThan(2);
  }
});

test('a Cluster that reads from replicas, and a prefix with a brace, are refused', () => {
  const make = (options: object, prefix = 'p:'): unknown => {
    const client = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true, ...options });
    return createCache({ name: 'refused', redis: { client, prefix } });
  };
  expect(() => make({ scaleReads: 'all' })).toThrow(/redis.*scaleReads/i);
  expect(() => make({}, '{one}:')).toThrow(/prefix.*brace/);
  expect(() => make({ keyPrefix: 'a{' })).toThrow(/prefix.*brace/);
  expect(() => make({})).not.toThrow();
});
