import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from 'ioredis';
import { expect } from 'vitest';
import { isRedisDownError, isRedisInterruptedError, type RedisLanes } from '../../src/redis.js';
import { clusterTest } from '../support/redis-cluster.js';
import { until } from '../support/redis-versions.js';
import { roadTo } from '../support/road.js';

/** The field's schedule, forty times as fast. */
const fast = { firstMs: 50, longestMs: 250, downMs: 500 };

/** Counts a key up as often as it can, until it is told to stop. */
function counting(redis: RedisLanes<Cluster>, key: string) {
  const errors: { code?: string; sent?: boolean; message: string }[] = [];
  let counted = 0;
  let longestMs = 0;
  let isOver = false;
  const caller = async (): Promise<void> => {
    while (!isOver) {
      const since = performance.now();
      await redis.shared.incr(key).then(
        () => {
          counted += 1;
        },
        (error: { message: string }) => {
          errors.push(error);
        },
      );
      longestMs = Math.max(longestMs, performance.now() - since);
      await sleep(2);
    }
  };
  const callers = Array.from({ length: 4 }, caller);
  return {
    errors,
    get counted() {
      return counted;
    },
    get longestMs() {
      return longestMs;
    },
    stop: async (): Promise<void> => {
      isOver = true;
      await Promise.all(callers);
    },
  };
}

const untilWell = (redis: RedisLanes<Cluster>): Promise<void> =>
  until(() =>
    redis.ping().then(
      () => true,
      () => false,
    ),
  );

/** A node that is back says CLUSTERDOWN for a while. */
const untilSet = (redis: RedisLanes<Cluster>, key: string): Promise<void> =>
  until(() =>
    redis.shared.set(key, 2).then(
      () => true,
      () => false,
    ),
  );

clusterTest('a master is killed: the others go on, its keys are served by its replica', async (bench) => {
  const redis = bench.lanes({ retry: fast, commandTimeoutMs: 10_000 });
  const [lost, other, third] = await bench.keysApart();
  await Promise.all([lost, other, third].map((key) => redis.shared.set(key, 0)));
  const { master } = await bench.owner(lost);
  const [here, there] = [counting(redis, other), counting(redis, lost)];
  await until(() => there.counted > 10);
  await master.server.kill();
  const before = there.counted;
  await until(() => there.counted > before + 50);
  await Promise.all([here.stop(), there.stop()]);
  expect(here.errors).toEqual([]);
  for (const { code } of there.errors) expect(code).toMatch(/^ERR_REDIS_/);
  // Generous: a command has ten seconds.
  expect(there.longestMs).toBeLessThan(30_000);
  expect(redis.stats()).toMatchObject({ state: 'up', downs: 0 });
  expect(Number(await redis.shared.get(other))).toBe(here.counted);
  // Back again, as a replica.
  await master.server.start();
  await untilWell(redis);
  expect(await redis.shared.incr(other)).toBe(here.counted + 1);
});

clusterTest(
  'a node with its replica is gone: tried on the schedule, marked down, and back',
  async (bench) => {
    const redis = bench.lanes({ retry: fast, commandTimeoutMs: 1_000 });
    const events: string[] = [];
    redis.on('nodeDown', ({ node, error }) =>
      events.push(`down ${node} ${(error as { code?: string }).code}`),
    );
    redis.on('nodeUp', ({ node }) => events.push(`up ${node}`));
    const [lost, other] = await bench.keysApart();
    await redis.shared.set(lost, 'kept');
    const { master, replica } = await bench.owner(lost);
    await replica.server.kill();
    await master.server.kill();
    await until(() => redis.stats().nodesDown === 1);
    expect(events).toEqual([`down ${master.address} ECONNREFUSED`]);
    const outcome: unknown = await redis.shared.get(lost).catch((error: unknown) => error);
    expect(isRedisDownError(outcome)).toBe(true);
    expect(outcome).toMatchObject({ sent: false, cause: { code: 'ECONNREFUSED' } });
    expect(String(outcome)).toContain(`GET was not sent: the node ${master.address}: `);
    await expect(redis.exclusiveFor(lost).acquire()).rejects.toMatchObject({ code: 'ERR_REDIS_DOWN' });
    await expect(redis.ping()).rejects.toMatchObject({ code: 'ERR_REDIS_DOWN' });
    expect(await redis.shared.set(other, 1)).toBe('OK');
    expect(redis.state).toBe('up');
    await master.server.start();
    await until(() => events.length === 2);
    expect(events[1]).toBe(`up ${master.address}`);
    await untilWell(redis);
    await untilSet(redis, lost);
  },
);

clusterTest('a dead node costs few dials, however many commands want it', async (bench) => {
  const redis = bench.lanes({ retry: { firstMs: 300, longestMs: 300 }, commandTimeoutMs: 400 });
  const [lost] = await bench.keysApart();
  const { master, replica } = await bench.owner(lost);
  await redis.shared.get(lost);
  await replica.server.kill();
  await master.server.kill();
  let dials = 0;
  redis.shared.on(
    '+node',
    (node: { on: (event: string, listener: () => void) => void; options: { port?: number } }) => {
      if (node.options.port === master.server.port)
        node.on('connecting', () => {
          dials += 1;
        });
    },
  );
  const load = counting(redis, lost);
  const since = performance.now();
  await until(() => load.errors.length > 20);
  await load.stop();
  const pauses = (performance.now() - since) / 240;
  expect(dials).toBeLessThanOrEqual(pauses + 2);
});

clusterTest(
  'what was on its way to a node that is killed fails as such, and runs once at most',
  async (bench) => {
    const roads = await Promise.all(
      bench.nodes.map(async (node) => ({ node, road: await roadTo(node.server.port) })),
    );
    const natMap = Object.fromEntries(
      roads.map(({ node, road }) => [node.address, { host: '127.0.0.1', port: road.port }]),
    );
    const nodes = roads.map(({ road }) => ({ host: '127.0.0.1', port: road.port }));
    const redis = bench.lanes({ retry: fast, cluster: { nodes, natMap } });
    await redis.shared.set('once', 0);
    const { master } = await bench.owner('once');
    const road = roads.find(({ node }) => node === master)?.road;
    road?.mute();
    const single = redis.shared.incr('once').catch((error: unknown) => error);
    const several = redis.shared.pipeline().incr('once').incr('once').exec();
    await until(async () => (await master.client.get('once')) === '3');
    road?.cut();
    expect(isRedisInterruptedError(await single)).toBe(true);
    for (const [error] of (await several) ?? [])
      expect(error).toMatchObject({ code: 'ERR_REDIS_INTERRUPTED', sent: true });
    await until(() =>
      redis.shared.get('once').then(
        (value) => value === '3',
        () => false,
      ),
    );
    expect(redis.stats().interrupted).toBe(3);
    for (const { road: one } of roads) one.close();
  },
);

clusterTest(
  'a master freezes: its commands cost their time, the others none, and its replica takes over',
  async (bench) => {
    const redis = bench.lanes({ retry: fast, commandTimeoutMs: 400, connectTimeoutMs: 400 });
    const [lost, other] = await bench.keysApart();
    await Promise.all([lost, other].map((key) => redis.shared.set(key, 0)));
    const { master } = await bench.owner(lost);
    const [here, there] = [counting(redis, other), counting(redis, lost)];
    await until(() => there.counted > 10);
    await master.server.freeze();
    const [before, meanwhile] = [there.counted, here.counted];
    await until(() => there.errors.length > 0);
    await until(() => here.counted > meanwhile + 50);
    await until(() => there.counted > before + 50);
    await Promise.all([here.stop(), there.stop()]);
    for (const { code } of there.errors) expect(code).toMatch(/^ERR_REDIS_/);
    // On a busy machine a command may be late anywhere; and take its connection along.
    for (const { code } of here.errors) expect(code).toMatch(/^ERR_REDIS_/);
    expect(there.longestMs).toBeLessThan(10_000);
    await master.server.thaw();
    expect(await redis.shared.incr(other)).toBeGreaterThan(here.counted);
  },
);

clusterTest('the subscriber moves when its node dies, and says what it may have missed', async (bench) => {
  const redis = bench.lanes({ retry: fast });
  const heard: string[] = [];
  const gaps: number[] = [];
  redis.on('gap', ({ awayForMs }) => gaps.push(awayForMs));
  await redis.subscriber.subscribe('news', (message) => heard.push(message));
  const hosts = await Promise.all(
    bench.nodes.map(async ({ client }) =>
      Number(((await client.call('PUBSUB', 'NUMSUB', 'news')) as unknown[])[1]),
    ),
  );
  const host = bench.nodes[hosts.indexOf(1)];
  await host?.server.kill();
  await until(() => gaps.length === 1);
  const publisher = bench.nodes.find((node) => node !== host)?.client;
  await until(async () => {
    await publisher?.publish('news', 'again');
    return heard.length > 0;
  });
  expect(redis.stats()).toMatchObject({ subscriberState: 'up', subscriptions: 1 });
});

clusterTest('a subscriber of a frozen node notices, and moves', async (bench) => {
  const redis = bench.lanes({
    retry: fast,
    subscriberPingMs: 100,
    commandTimeoutMs: 300,
    connectTimeoutMs: 300,
  });
  const gaps: number[] = [];
  redis.on('gap', ({ awayForMs }) => gaps.push(awayForMs));
  await redis.subscriber.subscribe('news', () => {});
  const hosts = await Promise.all(
    bench.nodes.map(async ({ client }) =>
      Number(((await client.call('PUBSUB', 'NUMSUB', 'news')) as unknown[])[1]),
    ),
  );
  await bench.nodes[hosts.indexOf(1)]?.server.freeze();
  await until(() => gaps.length === 1 && redis.stats().subscriberState === 'up');
});

clusterTest(
  'an exclusive lease ends with its node; the next one is at the node that took over',
  async (bench) => {
    const redis = bench.lanes({ retry: fast, exclusive: { acquireTimeoutMs: 1_000 } });
    const { master, replica } = await bench.owner('jobs');
    const lane = redis.exclusiveFor('jobs');
    const waiting = lane.use((client) => client.blpop('jobs', 60)).catch((error: unknown) => error);
    await until(() => redis.stats().exclusiveInUse === 1);
    await sleep(50);
    await master.server.kill();
    expect(isRedisInterruptedError(await waiting)).toBe(true);
    let port = '';
    await until(() =>
      lane
        .use(async (client) => {
          await client.set('jobs', 1);
          port = /tcp_port:(\d+)/.exec(await client.info('server'))?.[1] ?? '';
        })
        .then(
          () => true,
          () => false,
        ),
    );
    expect(port).toBe(String(replica.server.port));
    expect(redis.stats()).toMatchObject({ exclusiveInUse: 0, exclusiveWaiting: 0 });
  },
);

clusterTest('all nodes are gone: down, refused at once, and up again by itself', async (bench) => {
  const redis = bench.lanes({ retry: fast, commandTimeoutMs: 500 });
  const down = new Set<string>();
  redis.on('nodeDown', ({ node }) => down.add(node));
  redis.on('nodeUp', ({ node }) => down.delete(node));
  await redis.shared.set('a', 1);
  await Promise.all(bench.nodes.map(({ server }) => server.kill()));
  await until(() => redis.state === 'down');
  expect(redis.breaker.state).toBe('isolated');
  await expect(redis.shared.get('a')).rejects.toMatchObject({ code: 'ERR_REDIS_DOWN', sent: false });
  await expect(redis.shared.pipeline().get('a').exec()).resolves.toMatchObject([
    [{ code: 'ERR_REDIS_DOWN' }],
  ]);
  await expect(redis.exclusiveFor('a').acquire()).rejects.toMatchObject({ code: 'ERR_REDIS_DOWN' });
  await Promise.all(bench.nodes.map(({ server }) => server.start()));
  await until(() => redis.state === 'up');
  await untilWell(redis);
  await untilSet(redis, 'a');
  await until(() => down.size === 0 && redis.stats().nodesDown === 0);
});

clusterTest('a pipeline waits for its node as a command does', async (bench) => {
  const redis = bench.lanes({ retry: { firstMs: 300 }, commandTimeoutMs: 20_000 });
  const { master } = await bench.owner('list');
  await redis.shared.set('before', 1);
  await redis.shared.rpush('list', 'first');
  await master.server.kill();
  await until(
    () =>
      !redis.shared
        .nodes('master')
        .some(({ options, status }) => options.port === master.server.port && status === 'ready'),
  );
  const [single, several, all] = await Promise.all([
    redis.shared.rpush('list', 'a'),
    redis.shared.pipeline().rpush('list', 'b').rpush('list', 'c').exec(),
    redis.shared.multi().rpush('list', 'd').rpush('list', 'e').exec(),
  ]);
  expect(single).toBeGreaterThan(0);
  expect([...(several ?? []), ...(all ?? [])].map(([error]) => error)).toEqual([null, null, null, null]);
  expect((await redis.shared.lrange('list', 0, -1)).toSorted().filter((one) => one !== 'first')).toEqual([
    'a',
    'b',
    'c',
    'd',
    'e',
  ]);
  expect(redis.stats()).toMatchObject({ parked: 0, inFlight: 0 });
});
