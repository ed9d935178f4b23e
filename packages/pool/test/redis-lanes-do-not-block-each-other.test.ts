import { expect, test } from 'vitest';
import { isRedisWrongLaneError, RedisLanes } from '../src/redis.js';
import { redisTest, until } from './support/redis.js';

redisTest(
  'the shared lane is an ioredis client, with pipelines, transactions and scripts',
  async ({ lanes }) => {
    const redis = lanes();
    await redis.shared.set('key', 'value');
    expect(await redis.shared.get('key')).toBe('value');
    expect(await redis.shared.pipeline().incr('n').incr('n').exec()).toEqual([
      [null, 1],
      [null, 2],
    ]);
    expect(await redis.shared.multi().incr('n').get('key').exec()).toEqual([
      [null, 3],
      [null, 'value'],
    ]);
    expect(await redis.shared.eval('return {KEYS[1], ARGV[1]}', 1, 'a', 'b')).toEqual(['a', 'b']);
    expect((await redis.shared.getBuffer('key'))?.toString()).toBe('value');
    await expect(redis.shared.lpush('key', 'x')).rejects.toThrow('WRONGTYPE');
    expect(redis.stats()).toMatchObject({ state: 'up', inFlight: 0, parked: 0, failures: 0, connects: 1 });
  },
);

redisTest('several shared connections: the one with the least to do', async ({ lanes }) => {
  const redis = lanes({ sharedConnections: 3 });
  const used = new Set<unknown>();
  const ask = () => {
    const client = redis.shared;
    used.add(client);
    return client.incr('n');
  };
  // They connect in their own time; the others are used meanwhile.
  let asked = 0;
  await until(async () => {
    await Promise.all(Array.from({ length: 6 }, ask));
    asked += 6;
    return used.size === 3;
  });
  expect(await redis.shared.get('n')).toBe(String(asked));
});

// A GET behind a BLPOP of one second on the same connection took 1,074 ms.
redisTest('a blocking command has its own connection, and nobody waits for it', async ({ lanes }) => {
  const redis = lanes();
  const popped = redis.exclusive.use((client) => client.blpop('jobs', 5));
  await until(() => redis.stats().exclusiveInUse === 1);
  const since = performance.now();
  for (let round = 0; round < 20; round++) await redis.shared.get('anything');
  expect(performance.now() - since).toBeLessThan(2_000);
  await redis.shared.rpush('jobs', 'one');
  expect(await popped).toEqual(['jobs', 'one']);
});

redisTest(
  'a blocking command may block for as long as it asked, beyond the time of commands',
  async ({ lanes }) => {
    const redis = lanes({ commandTimeoutMs: 300 });
    expect(await redis.exclusive.use((client) => client.blpop('nothing', 1))).toBeNull();
    expect(await redis.exclusive.use((client) => client.xread('BLOCK', 600, 'STREAMS', 's', '$'))).toBeNull();
    expect(redis.stats().commandTimeouts).toBe(0);
  },
);

redisTest('WATCH and MULTI are one holder’s', async ({ lanes, outside }) => {
  const redis = lanes();
  const attempt = () =>
    redis.exclusive.use(async (client) => {
      await client.watch('balance');
      const balance = Number(await client.get('balance'));
      await outside().incr('balance');
      return client
        .multi()
        .set('balance', balance - 1)
        .exec();
    });
  await redis.shared.set('balance', 10);
  expect(await attempt()).toBeNull();
  expect(await redis.shared.get('balance')).toBe('11');
});

redisTest('whoever gets an exclusive connection next finds it as new', async ({ lanes, outside }) => {
  const redis = lanes({ exclusive: { max: 1 } });
  const id = () => redis.exclusive.use((client) => client.client('ID'));
  const first = await id();
  // Watched and not executed: the next holder's transaction must not fail for it.
  await redis.exclusive.use((client) => client.watch('mine'));
  await outside().set('mine', 'changed');
  expect(await redis.exclusive.use((client) => client.multi().set('other', 1).exec())).toEqual([
    [null, 'OK'],
  ]);
  expect(await id()).toBe(first);
  // Opened and not executed: the next holder's commands must not be queued.
  await redis.exclusive.use((client) => client.call('MULTI'));
  expect(await redis.exclusive.use((client) => client.set('plain', 1))).toBe('OK');
  expect(await id()).toBe(first);
  // Nothing makes these as new.
  await redis.exclusive.use((client) => client.select(3));
  const second = await id();
  expect(second).not.toBe(first);
  expect(await redis.exclusive.use((client) => client.get('plain'))).toBe('1');
  // A command that nobody waited for.
  await redis.exclusive.use((client) => {
    client.blpop('never', 0).catch(() => {});
  });
  expect(await id()).not.toBe(second);
});

redisTest('a holder who is told to stop frees a connection that blocks for ever', async ({ lanes }) => {
  const redis = lanes({ exclusive: { max: 1 } });
  const lease = await redis.exclusive.acquire();
  const blocked = lease.resource.blpop('never', 0).catch((error: Error) => error);
  lease.destroy();
  expect(await blocked).toMatchObject({ code: 'ERR_REDIS_INTERRUPTED', sent: true });
  expect(await redis.exclusive.use((client) => client.ping())).toBe('PONG');
});

redisTest('what would hurt others on the shared lane is refused by name', async ({ lanes }) => {
  const redis = lanes();
  const { shared } = redis;
  const wrong: (() => Promise<unknown>)[] = [
    () => shared.blpop('a', 1),
    () => shared.xread('BLOCK', 100, 'STREAMS', 's', '$'),
    () => shared.wait(1, 100),
    () => shared.watch('a'),
    () => shared.multi({ pipeline: false }),
    () => shared.subscribe('a'),
    () => shared.select(2),
    () => shared.call('QUIT'),
    () => shared.call('BRPOP', 'a', '1'),
  ];
  for (const ask of wrong) await expect(ask()).rejects.toSatisfy(isRedisWrongLaneError);
  await expect(shared.blpop('a', 1)).rejects.toThrow(
    'Redis "redis": BLPOP does not belong on this lane: it would block everybody; use lanes.exclusive',
  );
  // In a pipeline the others are carried out all the same.
  const [first, second, third] = (await shared.pipeline().set('a', 1).blpop('b', 1).get('a').exec()) ?? [];
  expect([first, third]).toEqual([
    [null, 'OK'],
    [null, '1'],
  ]);
  expect(second?.[0]).toMatchObject({ code: 'ERR_REDIS_WRONG_LANE', sent: false });
  expect(await shared.xread('COUNT', 1, 'STREAMS', 's', '0')).toBeNull();
});

redisTest(
  'the subscriber hears channels and patterns, each listener on its own',
  async ({ lanes, outside }) => {
    const redis = lanes();
    const heard: string[] = [];
    const stopFirst = await redis.subscriber.subscribe('news', (message, channel) =>
      heard.push(`1 ${channel} ${message}`),
    );
    const stopSecond = await redis.subscriber.subscribe('news', (message) => heard.push(`2 ${message}`));
    const stopPattern = await redis.subscriber.psubscribe('n*', (message, channel) =>
      heard.push(`* ${channel} ${message}`),
    );
    const publisher = outside();
    await publisher.publish('news', 'a');
    await until(() => heard.length === 3);
    expect(heard.toSorted()).toEqual(['* news a', '1 news a', '2 a']);
    await stopFirst();
    await stopFirst();
    await stopPattern();
    heard.length = 0;
    await publisher.publish('news', 'b');
    await until(() => heard.length === 1);
    expect(heard).toEqual(['2 b']);
    expect(redis.stats().subscriptions).toBe(1);
    await stopSecond();
    expect(await publisher.publish('news', 'c')).toBe(0);
    expect(redis.stats().subscriptions).toBe(0);
  },
);

redisTest('closing ends everything, and says so to who comes later', async ({ lanes }) => {
  const redis = lanes();
  await redis.shared.ping();
  await redis.close();
  await expect(redis.shared.get('a')).rejects.toMatchObject({
    code: 'ERR_REDIS_DOWN',
    message: 'Redis "redis": GET was not sent: the lanes are closed',
  });
  await expect(redis.exclusive.acquire()).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
  await expect(redis.subscriber.subscribe('a', () => {})).rejects.toMatchObject({ code: 'ERR_REDIS_DOWN' });
});

redisTest('a Cluster’s lanes at a server that is none say why', async ({ server }) => {
  const lanes = new RedisLanes({
    cluster: { nodes: [{ host: '127.0.0.1', port: server.port }] },
    retry: { tries: 1, firstMs: 1, giveUp: true },
  });
  await until(() => lanes.state === 'closed');
  const outcome: unknown = await lanes.shared.get('a').catch((error: unknown) => error);
  expect(outcome).toMatchObject({
    message: 'Redis "redis": GET was not sent: 2 tries to connect failed, and no more are made',
    cause: { message: 'ERR This instance has cluster support disabled' },
  });
  await expect(lanes.exclusiveFor('a').acquire()).rejects.toMatchObject({ code: 'ERR_REDIS_DOWN' });
  await lanes.close();
});

test('wrong options are named, and those of ioredis that the lanes set are refused', () => {
  const make = (options: object) => () => new RedisLanes(options);
  expect(make({ commandTimeoutMs: 0 })).toThrow(RangeError);
  expect(make({ commandTimeoutMS: 5 })).toThrow('did you mean "commandTimeoutMs"?');
  expect(make({ retry: { tries: -1 } })).toThrow('RedisLanes.retry: option "tries"');
  expect(make({ exclusive: { max: 0 } })).toThrow('option "max"');
  expect(make({ connection: { retryStrategy: () => 1 } })).toThrow(
    'RedisLanes: option "connection.retryStrategy" is set by the lanes',
  );
  expect(make({ connection: { host: 'a', port: 1, sentinels: [] } })).toThrow('list at least one sentinel');
  expect(make({ connection: { sentinels: [{ port: 1 }] } })).toThrow(
    'say which master of the sentinels is meant',
  );
  expect(make({ connection: 'localhost:6379' })).toThrow('must be an object, or a URL');
  expect(make({ connection: null })).toThrow('option "connection" must be an object, received null');
  expect(make({ Redis: {} })).toThrow('option "Redis" must be ioredis\'s class, received object');
  expect(make({ cluster: {} })).toThrow('option "cluster.nodes" must list at least one node');
  expect(make({ cluster: [{ port: 1 }] })).toThrow('option "cluster" must be an object, received an array');
  const cluster = { nodes: [7000] };
  expect(make({ cluster: { ...cluster, redisOptions: {} } })).toThrow('give its contents as "connection"');
  expect(make({ cluster: { ...cluster, maxRedirections: 3 } })).toThrow(
    '"cluster.maxRedirections" is not one that may',
  );
  expect(make({ cluster, connection: { db: 3 } })).toThrow('"connection.db" is one server\'s');
  expect(make({ cluster, connection: 'redis://a' })).toThrow(
    'option "connection" must be an object, received string',
  );
  expect(make({ cluster, exclusive: { max: 0 } })).toThrow('option "max"');
});
