import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import { createCache } from '../src/index.js';
import { sleep } from './support/helpers.js';
import { redisTest } from './support/redis.js';

const BUS = new Set(['hmget', 'ping', 'subscribe', 'info', 'hello', 'client', 'command']);

/** Commands that really reach the server, as it tells itself. */
async function recorded(observer: Redis, run: () => Promise<void>): Promise<string[][]> {
  const monitor = await observer.monitor();
  const commands: string[][] = [];
  monitor.on('monitor', (_time: string, command: string[], source: string) => {
    // The bus has commands of its own, and so has whoever looks.
    if (source !== 'lua' && !BUS.has(command[0]?.toLowerCase() ?? '')) commands.push(command);
  });
  try {
    await run();
    await sleep(50);
  } finally {
    monitor.disconnect();
  }
  return commands;
}

const named = (commands: string[][], name: string): string[][] =>
  commands.filter(([command]) => command?.toLowerCase() === name);

redisTest('reads of one tick are one MGET, each key in it once', async ({ cache, client }) => {
  const [{ cache: writer }, { cache: reader }] = [await cache(), await cache()];
  for (let index = 0; index < 100; index += 1)
    await writer.set(`${index}`, index, { tags: ['shared', `own ${index}`] });
  const commands = await recorded(await client(), async () => {
    const reads = Array.from({ length: 100 }, (_, index) =>
      reader.getOrSet(`${index}`, () => -1, { tags: ['shared', `own ${index}`] }),
    );
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });
  expect(named(commands, 'mget')).toHaveLength(1);
  const keys = named(commands, 'mget')[0]?.slice(1) ?? [];
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys).toHaveLength(100 + 1 + 1 + 100);
  expect(commands).toHaveLength(1);
});

redisTest('a batch of more than 1,000 keys is split', async ({ cache, client }) => {
  const { cache: reader } = await cache();
  const commands = await recorded(await client(), async () => {
    await Promise.all(Array.from({ length: 3_000 }, (_, index) => reader.get(`${index}`)));
  });
  expect(named(commands, 'mget')).toHaveLength(4);
  expect(Math.max(...named(commands, 'mget').map((command) => command.length))).toBeLessThan(1_100);
});

redisTest(
  'a cold read is one round trip before the load, and answered before it is written',
  async ({ cache, client }) => {
    const { cache: own } = await cache();
    await own.getOrSet('warm', () => 1);
    const commands = await recorded(await client(), async () => {
      await own.getOrSet('key', () => 1, { tags: ['a', 'b', 'c', 'd', 'e'] });
    });
    // The value and its tags, the lease; and after the answer the value, the lease's end and the announcement in one.
    expect(commands.map(([name]) => name?.toLowerCase())).toEqual(['mget', 'evalsha', 'evalsha']);
  },
);

redisTest(
  'without leases a cold read is one round trip, and one write after the answer',
  async ({ cache, client, prefix }) => {
    const own = await client();
    const { cache: warm } = await cache();
    await warm.set('warm', 1);
    const lean = createCache({
      name: 'lean',
      redis: { client: own, prefix, timeoutMs: 1_000, lease: false },
    });
    const commands = await recorded(await client(), async () => {
      await lean.getOrSet('key', () => 1, { tags: ['a', 'b', 'c', 'd', 'e'] });
    });
    await lean.close();
    expect(commands.map(([name]) => name?.toLowerCase())).toEqual(['mget', 'evalsha']);
  },
);

const MANY = 10_000;
/** What an MGET holds at most. */
const BATCH = 1_000;

redisTest(
  'invalidating a tag of 10,000 values is one command, and their first reads are one read command a batch of a tick',
  async ({ cache, client }) => {
    const { cache: own } = await cache({ memory: { maxEntries: 2 * MANY }, timeoutMs: 20_000, bus: false });
    const keys = Array.from({ length: MANY }, (_, index) => `${index}`);
    const read = (key: string): Promise<unknown> => own.getOrSet(key, () => `new ${key}`, { tags: ['tag'] });
    await own.setMany(
      keys.map((key) => [key, 'old']),
      { tags: ['tag'] },
    );
    await own.invalidateTags('the script is known from here on');

    const invalidated = await recorded(await client(), () => own.invalidateTags('tag'));
    expect(invalidated.map(([name]) => name?.toLowerCase())).toEqual(['evalsha']);
    const first = await recorded(await client(), async () => {
      expect(await Promise.all(keys.map(read))).toEqual(keys.map((key) => `new ${key}`));
    });
    // Each holds the versions of the cache and of the tag besides.
    expect(named(first, 'mget')).toHaveLength(Math.ceil(MANY / (BATCH - 2)));
    expect(named(first, 'get')).toHaveLength(0);
  },
);

redisTest(
  'a Redis that was restarted and lost its scripts is served all the same',
  async ({ cache, client }) => {
    const { cache: own } = await cache();
    await own.set('key', 1);
    await (await client()).script('FLUSH');
    await own.set('key', 2);
    expect(await (await cache()).cache.get('key')).toBe(2);
  },
);
