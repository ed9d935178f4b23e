import { ManualClock } from '@mainstay/core';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createCache, type RedisClient } from '../src/index.js';
import { never, sleep, turn } from './support/helpers.js';
import { redisTest } from './support/redis.js';

/** A client whose connection stands and whose server does not answer, until it is told to. */
function silentClient(): RedisClient & { answering: boolean; commands: string[] } {
  const client = {
    status: 'ready',
    answering: false,
    commands: [] as string[],
    connect: never,
    async mgetBuffer(...keys: string[]): Promise<null[]> {
      client.commands.push('mget');
      return client.answering ? keys.map(() => null) : never();
    },
    async evalsha(): Promise<number> {
      client.commands.push('evalsha');
      return client.answering ? 1 : never();
    },
    async eval(): Promise<number> {
      return 1;
    },
    async ping(): Promise<string> {
      client.commands.push('ping');
      return client.answering ? 'PONG' : never();
    },
  };
  return client;
}

test('a silent Redis costs one timeout a cold read, three times, and then nothing', async () => {
  const client = silentClient();
  const cache = createCache({ name: 'test', redis: client });
  const took: number[] = [];
  for (let read = 0; read < 6; read += 1) {
    const startedAt = performance.now();
    await cache.getOrSet(`key ${read}`, () => read);
    took.push(performance.now() - startedAt);
  }
  expect(client.commands).toEqual(['mget', 'mget', 'mget']);
  expect(took.slice(0, 3).every((ms) => ms >= 49 && ms < 2_000)).toBe(true);
  expect(cache.stats()).toMatchObject({ redis: 'away', redisTimeouts: 3, redisSkipped: 3, loads: 6 });
  await cache.close();
});

test('timeouts of commands that hung together count once', async () => {
  const client = silentClient();
  const cache = createCache({ name: 'test', redis: { client, timeoutMs: 250 } });
  const reads: Promise<number>[] = [];
  for (let read = 0; read < 8; read += 1) {
    reads.push(cache.getOrSet(`key ${read}`, () => read));
    await turn();
  }
  await Promise.all(reads);
  expect(client.commands.filter((name) => name === 'mget')).toHaveLength(8);
  expect(cache.stats().redis).toBe('up');
  await cache.getOrSet('ninth', () => 9);
  await cache.getOrSet('tenth', () => 10);
  expect(cache.stats().redis).toBe('away');
  await cache.close();
});

test('whether Redis is back is asked in the background: no caller pays for the probe', async () => {
  const client = silentClient();
  const cache = createCache({ name: 'test', redis: { client, timeoutMs: 10 } });
  const events: string[] = [];
  cache.on('redisAway', () => events.push('away'));
  cache.on('redisUp', () => events.push('up'));
  for (let read = 0; read < 3; read += 1) await cache.getOrSet(`key ${read}`, () => read);
  client.answering = true;
  await sleep(1_050);
  client.commands.length = 0;
  await cache.getOrSet('probe', () => 1);
  expect(client.commands).toEqual(['ping']);
  await sleep(20);
  expect(cache.stats().redis).toBe('up');
  await cache.getOrSet('used', () => 1);
  expect(client.commands).toEqual(['ping', 'mget', 'evalsha']);
  expect(events).toEqual(['away', 'up']);
  await cache.close();
});

test('a process that was busy for longer than the timeout reads the answer before it calls Redis silent', async () => {
  const client = silentClient();
  client.answering = true;
  const clock = new ManualClock();
  const cache = createCache({ name: 'test', redis: { client, timeoutMs: 20 }, clock });
  let answer = (): void => {};
  client.mgetBuffer = (...keys) =>
    new Promise((resolve) => {
      answer = () => resolve(keys.map(() => null));
    });
  const read = cache.getOrSet('key', () => 1);
  await turn();
  // The loop comes back to an answer that lies in the socket, and to a deadline that is long over.
  setImmediate(() => answer());
  clock.advance(60);
  await read;
  expect(cache.stats()).toMatchObject({ redisTimeouts: 0, misses: 1 });
  await cache.close();
});

test('a client that is not ready gets no command, so nothing waits in its offline queue', async () => {
  const client = silentClient();
  const cache = createCache({ name: 'test', redis: client });
  for (const status of ['connecting', 'connect', 'reconnecting', 'close', 'end']) {
    Object.assign(client, { status });
    await cache.getOrSet(status, () => 1);
    await cache.delete('key');
    await cache.invalidateTags('tag');
  }
  expect(client.commands).toEqual([]);
  expect(cache.stats()).toMatchObject({ redis: 'away', loads: 5, redisErrors: 0 });
  await cache.close();
});

test('a client that throws or rejects at once is a Redis that is away', async () => {
  const client = silentClient();
  client.mgetBuffer = () => {
    throw new Error('in subscriber mode');
  };
  client.evalsha = () => Promise.reject(new Error('READONLY'));
  const cache = createCache({ name: 'test', redis: client });
  for (let read = 0; read < 5; read += 1) expect(await cache.getOrSet(`${read}`, () => read)).toBe(read);
  await cache.set('key', 1);
  expect(cache.peek('key')).toBe(1);
  expect(cache.stats()).toMatchObject({ redis: 'away', redisErrors: 3 });
  await cache.close();
});

test('a Redis that refuses at start costs nothing, and the client may be made with any options', async () => {
  const port = 1;
  for (const options of [
    {},
    { lazyConnect: true },
    { enableOfflineQueue: false },
    { maxRetriesPerRequest: null },
  ]) {
    const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, ...options });
    client.on('error', () => {});
    const cache = createCache({ name: 'test', redis: client });
    const startedAt = performance.now();
    for (let read = 0; read < 20; read += 1) await cache.getOrSet(`${read}`, () => read);
    await cache.delete('1');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(cache.stats()).toMatchObject({ redis: 'away', redisTimeouts: 0, loads: 20 });
    await cache.close();
    client.disconnect();
  }
});

redisTest('a lazy client is connected by its first use', async ({ client }) => {
  const lazy = await client({ lazyConnect: true });
  const cache = createCache({ name: 'lazy', redis: lazy });
  expect(await cache.getOrSet('key', () => 1)).toBe(1);
  await sleep(100);
  expect(cache.stats().redis).toBe('up');
  expect(await cache.getOrSet('second', () => 2)).toBe(2);
  await cache.close();
});

redisTest(
  'what was deleted, set or invalidated while Redis was frozen is gone from it before anything is read',
  async ({ server, cache }) => {
    const a = await cache({ timeoutMs: 30 });
    const b = await cache();
    for (const key of ['deleted', 'set', 'tagged', 'kept']) {
      await a.cache.set(key, 'old', key === 'tagged' ? { tags: ['tag'] } : {});
    }
    await server.freeze();
    const startedAt = performance.now();
    await Promise.all([a.cache.delete('deleted'), a.cache.set('set', 'new'), a.cache.invalidateTags('tag')]);
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(await a.cache.getOrSet('set', () => 'loaded')).toBe('new');
    await server.thaw();
    for (let tries = 0; tries < 100 && (await a.cache.getOrSet('kept', () => 'loaded')) !== 'old'; tries += 1)
      await sleep(20);
    await a.cache.get('anything');
    await sleep(100);
    expect(await b.cache.get('deleted')).toBeUndefined();
    expect(await b.cache.get('tagged')).toBeUndefined();
    expect(await b.cache.get('set')).not.toBe('old');
    expect(await b.cache.get('kept')).toBe('old');
  },
);
