import { expect } from 'vitest';
import { askRedis } from '../../../../scripts/services/index.mjs';
import type { Cache } from '../../src/index.js';
import { hashTags, rangeOf, slotOfTag } from '../../src/redis-slots.js';
import { type ClusterWorkshop, clusterTests } from '../support/cluster.js';
import { deferred, sleep } from '../support/helpers.js';

const clusterTest = await clusterTests({ replicas: 1 });
const SLOTS = hashTags(16).map(slotOfTag);
const TIMEOUT_MS = 50;
/** What a busy machine with two cores adds. */
const SLACK_MS = 250;

const masterOf = (name: string): number => Math.floor(((SLOTS[rangeOf(name, 16)] as number) * 3) / 16_384);

/** The one that a test moves to another master. */
const MOVING = 2;

/** Names that lie on one of the three masters. */
function* namesOn(master: number, text: string): Generator<string> {
  for (let index = 0; ; index += 1) {
    const name = `${text} ${index}`;
    if (masterOf(name) === master && rangeOf(name, 16) !== MOVING) yield name;
  }
}

function take(names: Generator<string>, count: number): string[] {
  return Array.from({ length: count }, () => names.next().value as string);
}

async function until(holds: () => Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('It did not come to hold');
    await sleep(50);
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}

const isHit = async (cache: Cache, key: string): Promise<boolean> => (await cache.get(key)) !== undefined;

/** A master without a replica: nobody takes its place. */
const LONELY = 1;

for (const [name, begin, end] of [
  [
    'killed',
    (w: ClusterWorkshop) => w.nodes[LONELY]?.kill(),
    (w: ClusterWorkshop) => w.nodes[LONELY]?.start(),
  ],
  [
    'frozen',
    (w: ClusterWorkshop) => w.nodes[LONELY]?.freeze(),
    (w: ClusterWorkshop) => w.nodes[LONELY]?.thaw(),
  ],
] as const) {
  clusterTest(
    `a master is ${name}: its keys cost a timeout each, three times, the others cost nothing; what it missed it is told`,
    async (workshop) => {
      const cache = await workshop.cache({ memory: false, bus: false }, { timeoutMs: TIMEOUT_MS });
      const [lost, others] = [namesOn(LONELY, 'lost'), namesOn(2, 'other')];
      const [deleted, set, tagged] = take(lost, 3) as [string, string, string];
      const [tag] = take(namesOn(LONELY, 'tag'), 1) as [string];
      const [carrier, plain] = take(others, 2) as [string, string];
      await until(async () => {
        await cache.set('warm', 1);
        return cache.stats().redis === 'up';
      });
      for (const key of [deleted, set, plain]) await cache.set(key, 'old');
      await cache.set(tagged, 'old', { tags: [tag] });
      await cache.set(carrier, 'old', { tags: [tag] });
      await begin(workshop);

      const timeouts = cache.stats().redisTimeouts;
      for (const key of take(lost, 20)) {
        const took = await timed(async () =>
          expect(await cache.getOrSet(key, () => 'loaded')).toBe('loaded'),
        );
        expect(took).toBeLessThan(TIMEOUT_MS + SLACK_MS);
      }
      expect(cache.stats().redisTimeouts - timeouts).toBeLessThanOrEqual(3);
      expect(cache.stats().redis).toBe('away');

      // The others' keys are as they were, interleaved with what is lost.
      const hits = cache.stats().redisHits;
      expect(await cache.getOrSet(plain, () => 'loaded')).toBe('old');
      expect(cache.stats().redisHits).toBe(hits + 1);
      // A value whose tag cannot be asked for is not trusted.
      expect(await cache.getOrSet(carrier, () => 'loaded')).toBe('loaded');

      await Promise.all([cache.delete(deleted), cache.set(set, 'new'), cache.invalidateTags(tag)]);
      await end(workshop);
      await until(async () => {
        await cache.get(plain);
        return cache.stats().redis === 'up';
      });
      const reader = await workshop.cache({ memory: false, bus: false });
      await until(async () => !(await isHit(reader, deleted)));
      await until(async () => !(await isHit(reader, carrier)));
      expect(await reader.get(tagged)).toBeUndefined();
      expect(await reader.get(set)).not.toBe('old');
      expect(await reader.get(plain)).toBe('old');
    },
  );
}

clusterTest('a slot moves while it is read and written: no error, and nothing old', async (workshop) => {
  const { nodes, prefix } = workshop;
  const cache = await workshop.cache({ memory: false, bus: false });
  const other = await workshop.cache({ memory: false, bus: false });
  const keys = Array.from({ length: 600 }, (_, index) => `key ${index}`).filter(
    (key) => rangeOf(key, 16) === MOVING,
  );
  const slot = SLOTS[MOVING] as number;
  for (const key of keys) await cache.set(key, 0, { tags: ['tag'] });
  const [from, to] = [nodes[0]?.port as number, nodes[2]?.port as number];
  const [fromId, toId] = [await askRedis(from, 'CLUSTER MYID'), await askRedis(to, 'CLUSTER MYID')];
  await askRedis(to, `CLUSTER SETSLOT ${slot} IMPORTING ${fromId}`);
  await askRedis(from, `CLUSTER SETSLOT ${slot} MIGRATING ${toId}`);
  let round = 0;
  let done = false;
  const writing = (async () => {
    while (!done) {
      round += 1;
      const key = keys[round % keys.length] as string;
      await cache.set(key, round, { tags: ['tag'] });
      const read = await other.getOrSet(key, () => round, { tags: ['tag'] });
      expect(read).toBe(round);
    }
  })();
  const source = await workshop.node(0);
  for (let moved = 0; ; ) {
    const there = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
    if (there.length === 0 && moved > 0) break;
    if (there.length > 0)
      await source.call('MIGRATE', '127.0.0.1', to, '', 0, 5_000, 'REPLACE', 'KEYS', ...there);
    moved += there.length;
    await sleep(2);
  }
  for (const port of [to, from, nodes[1]?.port as number])
    await askRedis(port, `CLUSTER SETSLOT ${slot} NODE ${toId}`);
  const atEnd = round;
  await until(async () => round > atEnd + 20);
  done = true;
  await writing;
  await cache.set(keys[0] as string, 'after', { tags: ['tag'] });
  expect(await other.get(keys[0] as string)).toBe('after');
  expect(
    (await (await workshop.node(2)).keys(`${prefix}*`)).some((key) => key.endsWith(keys[0] as string)),
  ).toBe(true);
});

clusterTest(
  'a master dies and its replica takes over: its keys come back by themselves, newest decisions first',
  async (workshop) => {
    const cache = await workshop.cache({ memory: false, maxStaleMs: 2_000 }, { timeoutMs: TIMEOUT_MS });
    const [key, deleted, loaded] = take(namesOn(0, 'key'), 3) as [string, string, string];
    await until(async () => {
      await cache.set(key, 'old');
      await cache.set(deleted, 'old');
      return cache.stats().redis === 'up';
    });
    // The replica has them.
    await sleep(500);
    const load = deferred<string>();
    const early = cache.getOrSet(loaded, () => load.promise);
    await workshop.nodes[0]?.kill();
    await cache.set(key, 'new');
    await cache.delete(deleted);
    load.resolve('loaded');
    expect(await early).toBe('loaded');
    await until(async () => {
      await cache.getOrSet(key, () => 'newest');
      return cache.stats().redis === 'up';
    });
    const reader = await workshop.cache({ memory: false, bus: false });
    await until(async () => {
      await cache.getOrSet(key, () => 'newest');
      return (await reader.get(key)) === 'newest' || (await reader.get(key)) === 'new';
    });
    expect(await reader.get(deleted)).toBeUndefined();
    // The bus is back as well.
    await until(async () => {
      await cache.get('wakes the bus');
      return cache.stats().bus === 'up';
    });
  },
);
