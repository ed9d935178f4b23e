import { expect } from 'vitest';
import { isRedisMovedError, isRedisWrongLaneError } from '../src/redis.js';
import { clusterTest } from './support/redis-cluster.js';
import { until } from './support/redis-versions.js';

clusterTest(
  'the shared lane is an ioredis Cluster: every node, pipelines, transactions, scripts',
  async (bench) => {
    const redis = bench.lanes();
    const keys = await bench.keysApart();
    await Promise.all(keys.map((key) => redis.shared.set(key, `of ${key}`)));
    expect(await Promise.all(keys.map((key) => redis.shared.get(key)))).toEqual(
      keys.map((key) => `of ${key}`),
    );
    const [key] = keys;
    expect(await redis.shared.pipeline().incr(`{${key}}1`).incr(`{${key}}1`).exec()).toEqual([
      [null, 1],
      [null, 2],
    ]);
    expect(await redis.shared.multi().incr(`{${key}}1`).get(key).exec()).toEqual([
      [null, 3],
      [null, `of ${key}`],
    ]);
    expect(await redis.shared.eval('return {KEYS[1], ARGV[1]}', 1, key, 'b')).toEqual([key, 'b']);
    await expect(redis.shared.lpush(key, 'x')).rejects.toThrow('WRONGTYPE');
    await redis.ping();
    expect(redis.stats()).toMatchObject({ state: 'up', inFlight: 0, parked: 0, masters: 3, nodesDown: 0 });
  },
);

clusterTest('commands and pipelines of before the first connection wait for it', async (bench) => {
  const redis = bench.lanes();
  const { shared } = redis;
  const early = [
    shared.incr('n'),
    shared.pipeline().incr('n').incr('n').exec(),
    shared.multi().incr('n').exec(),
    shared.incr('n'),
  ];
  expect(redis.stats().parked).toBeGreaterThan(0);
  await Promise.all(early);
  expect(await shared.get('n')).toBe('5');
  expect(redis.stats()).toMatchObject({ inFlight: 0, parked: 0 });
});

clusterTest('a key’s exclusive connection is one to its node', async (bench) => {
  const redis = bench.lanes({ connection: { keyPrefix: 'app:' } });
  for (const key of ['a', 'b', 'c', 'd', 'e']) {
    const { master } = await bench.owner(`app:${key}`);
    const text = await redis.exclusiveFor(key).use((client) => client.info('server'));
    expect(text).toContain(`tcp_port:${master.server.port}\r`);
    expect(await redis.exclusiveFor(Buffer.from(key)).use((client) => client.set(key, 1))).toBe('OK');
  }
  const popped = redis.exclusiveFor('jobs').use((client) => client.blpop('jobs', 20));
  await until(() => redis.stats().exclusiveInUse === 1);
  await redis.shared.rpush('jobs', 'one');
  expect(await popped).toEqual(['app:jobs', 'one']);
});

clusterTest('WATCH and MULTI are one holder’s, and nothing of his is left', async (bench) => {
  const redis = bench.lanes({ exclusive: { max: 1 } });
  const lane = redis.exclusiveFor('balance');
  await redis.shared.set('balance', 10);
  const attempt = await lane.use(async (client) => {
    await client.watch('balance');
    const balance = Number(await client.get('balance'));
    await redis.shared.incr('balance');
    return client
      .multi()
      .set('balance', balance - 1)
      .exec();
  });
  expect(attempt).toBeNull();
  await lane.use((client) => client.call('MULTI'));
  expect(await lane.use((client) => client.set('balance', 1))).toBe('OK');
});

clusterTest('what a Cluster’s lanes cannot do is said', async (bench) => {
  const redis = bench.lanes({ name: 'cart' });
  expect(() => redis.exclusive).toThrow(
    'RedisLanes "cart": a connection of a Cluster belongs to one node; say which by a key: exclusiveFor(key)',
  );
  expect(() => redis.exclusiveFor(7 as never)).toThrow(
    'the key must be a string or a Buffer, received number',
  );
  const { shared } = redis;
  const wrong: (() => Promise<unknown>)[] = [
    () => shared.blpop('a', 1),
    () => shared.watch('a'),
    () => shared.subscribe('a'),
    () => shared.ssubscribe('a'),
    () => shared.quit(),
    () => shared.client('REPLY', 'OFF'),
  ];
  for (const ask of wrong) await expect(ask()).rejects.toSatisfy(isRedisWrongLaneError);
  await expect(shared.pipeline().blpop('a', 1).exec()).resolves.toMatchObject([
    [{ code: 'ERR_REDIS_WRONG_LANE' }],
  ]);
  expect(await shared.ping()).toBe('PONG');
});

clusterTest('the subscriber hears what any node is told', async (bench) => {
  const redis = bench.lanes();
  const heard: string[] = [];
  await redis.subscriber.subscribe('news', (message) => heard.push(message));
  for (const { client } of bench.nodes) await client.publish('news', 'x');
  await until(() => heard.length === bench.nodes.length);
});

clusterTest('a slot that moves: commands follow, and a holder of its old node is told', async (bench) => {
  const redis = bench.lanes();
  await redis.shared.set('n', 0);
  let moving = true;
  let counted = 0;
  const refused: string[] = [];
  const callers = Array.from({ length: 8 }, async () => {
    while (moving) {
      await redis.shared.incr('n');
      const results = (await redis.shared.pipeline().incr('n').incr('n').exec()) ?? [];
      for (const [error] of results) if (error !== null) refused.push(error.message);
      counted += 1 + results.filter(([error]) => error === null).length;
    }
  });
  const lease = await redis.exclusiveFor('n').acquire();
  await bench.move('n', async () => {
    const before = counted;
    await until(() => counted > before + 30);
  });
  const later = counted;
  await until(() => counted > later + 30);
  moving = false;
  await Promise.all(callers);
  // Of a pipeline that the move cut in two, the second half says so: ioredis sends on whole ones only.
  for (const message of refused) expect(message).toMatch(/^MOVED /);
  // Each was carried out once, wherever it was sent to first.
  expect(await redis.shared.get('n')).toBe(String(counted));
  await expect(lease.resource.get('n')).rejects.toSatisfy(isRedisMovedError);
  lease.release();
  expect(await redis.exclusiveFor('n').use((client) => client.get('n'))).toBe(String(counted));
});
