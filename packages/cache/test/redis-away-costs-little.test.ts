import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { createCache, type RedisClient } from '../src/index.js';
import { never, turn } from './support/helpers.js';

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

/** Lets what is due at the clock's next moment happen, and what follows from it. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  await turn();
  clock.advance(ms);
  await turn();
  await turn();
}

test('a silent Redis costs one timeout a cold read, three times, and then nothing', async () => {
  const client = silentClient();
  const clock = new ManualClock();
  const cache = createCache({ name: 'test', redis: client, clock });
  for (let read = 0; read < 6; read += 1) {
    let answered = false;
    const waiting = cache
      .getOrSet(`key ${read}`, () => read)
      .finally(() => {
        answered = true;
      });
    await pass(clock, 49);
    expect(answered).toBe(read >= 3);
    await pass(clock, 1);
    await waiting;
  }
  expect(client.commands).toEqual(['mget', 'mget', 'mget']);
  expect(cache.stats()).toMatchObject({ redis: 'away', redisTimeouts: 3, redisSkipped: 3, loads: 6 });
  await cache.close();
});

test('timeouts of commands that hung together count once', async () => {
  const client = silentClient();
  const clock = new ManualClock();
  const cache = createCache({ name: 'test', redis: { client, timeoutMs: 250 }, clock });
  const reads: Promise<number>[] = [];
  for (let read = 0; read < 8; read += 1) {
    reads.push(cache.getOrSet(`key ${read}`, () => read));
    await pass(clock, 10);
  }
  await pass(clock, 250);
  await Promise.all(reads);
  expect(client.commands.filter((name) => name === 'mget')).toHaveLength(8);
  expect(cache.stats()).toMatchObject({ redis: 'up', breaker: 'closed' });
  for (const key of ['ninth', 'tenth']) {
    const read = cache.getOrSet(key, () => 1);
    await pass(clock, 250);
    await read;
  }
  expect(cache.stats()).toMatchObject({ redis: 'away', breaker: 'open' });
  await cache.close();
});

test('whether Redis is back is asked in the background: no caller pays for the probe', async () => {
  const client = silentClient();
  const clock = new ManualClock();
  const cache = createCache({ name: 'test', redis: { client, timeoutMs: 10, lease: false }, clock });
  const events: string[] = [];
  cache.on('redisAway', () => events.push('away'));
  cache.on('redisUp', () => events.push('up'));
  for (let read = 0; read < 3; read += 1) {
    const waiting = cache.getOrSet(`key ${read}`, () => read);
    await pass(clock, 10);
    await waiting;
  }
  client.answering = true;
  await pass(clock, 1_050);
  client.commands.length = 0;
  await cache.getOrSet('probe', () => 1);
  expect(client.commands).toEqual(['ping']);
  await turn();
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

test('reading and asking for the lease together cost no more than one timeout', async () => {
  const client = silentClient();
  const clock = new ManualClock();
  const cache = createCache({ name: 'test', redis: client, clock });
  let answer = (): void => {};
  client.mgetBuffer = (...keys) =>
    new Promise((resolve) => {
      answer = () => resolve(keys.map(() => null));
    });
  let answered = false;
  const waiting = cache
    .getOrSet('key', () => 1)
    .finally(() => {
      answered = true;
    });
  await pass(clock, 30);
  answer();
  await pass(clock, 19);
  expect([client.commands, answered]).toEqual([['evalsha'], false]);
  await pass(clock, 1);
  expect(await waiting).toBe(1);
  const closing = cache.close();
  await pass(clock, 50);
  await closing;
});

test('a lease that is granted after it was given up is given back', async () => {
  const client = silentClient();
  const clock = new ManualClock();
  const cache = createCache({ name: 'test', redis: client, clock });
  client.mgetBuffer = async (...keys) => keys.map(() => null);
  let grant = (): void => {};
  client.evalsha = () =>
    new Promise((resolve) => {
      client.commands.push('evalsha');
      grant = () => resolve(1);
    });
  const waiting = cache.getOrSet('key', () => 1, { ttlMs: 0 });
  await pass(clock, 50);
  await waiting;
  expect(client.commands).toEqual(['evalsha']);
  grant();
  await turn();
  expect(client.commands).toEqual(['evalsha', 'evalsha']);
  grant();
  await cache.close();
});

test('a set that is carried out after it was given up is taken back: others may have set something newer', async () => {
  const client = silentClient();
  const clock = new ManualClock();
  const cache = createCache({ name: 'test', redis: { client, lease: false }, clock });
  const sent: { done: (answer: number) => void; keys: string }[] = [];
  client.evalsha = (_sha, count, ...rest) =>
    new Promise((resolve) => {
      sent.push({ done: resolve, keys: rest.slice(1, count as number).join(' ') });
    });
  const setting = cache.set('key', 'old');
  await pass(clock, 50);
  await setting;
  client.answering = true;
  // What is noted is told, and the note is gone.
  await cache.get('other');
  await turn();
  expect(sent.map(({ keys }) => keys)).toEqual(['test:v:key test:l:key test:all', 'test:v:key test:l:key']);
  sent[1]?.done(1);
  await turn();
  expect(cache.stats().redis).toBe('up');
  // A client that tried on by itself, as that of a Cluster does, succeeds only now.
  sent[0]?.done(1);
  await turn();
  expect(cache.stats().redis).toBe('away');
  await cache.get('other');
  await turn();
  expect(sent.slice(2).map(({ keys }) => keys)).toEqual(['test:v:key test:l:key']);
  sent[2]?.done(1);
  await turn();
  expect(cache.stats().redis).toBe('up');
  await cache.close();
});
