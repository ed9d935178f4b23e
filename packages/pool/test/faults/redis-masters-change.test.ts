import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { type ServiceHandle, type Services, startServices } from '../../../../scripts/services/index.mjs';
import { RedisLanes } from '../../src/redis.js';
import { until, versions } from '../support/redis-versions.js';
import { roadTo } from '../support/road.js';

const fast = { firstMs: 50, longestMs: 250, downMs: 500 };
const started: Services[] = [];
const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
  await Promise.all(started.map((services) => services.close()));
});

let missing: string | undefined;
async function start(settings: Record<string, string | number> = {}): Promise<ServiceHandle> {
  const services = await startServices({ redis: { settings } });
  started.push(services);
  missing ??= services.skipped.map(({ reason, hint }) => `${reason}; ${hint}`)[0];
  return services.redis as ServiceHandle;
}

function clientOf(server: ServiceHandle): Redis {
  const client = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => {});
  closers.push(() => client.disconnect());
  return client;
}

const servers = await Promise.all([start(), start()]);
const sentinel = missing === undefined ? await start({ sentinel: 'yes' }) : undefined;

function changeTest(
  name: string,
  body: (lanes: typeof RedisLanes, Class: (typeof versions)[0][1]) => Promise<void>,
) {
  for (const [version, Class] of versions) {
    test.skipIf(missing !== undefined)(
      `${name} (${version}${missing === undefined ? '' : `; ${missing}`})`,
      () => body(RedisLanes, Class),
    );
  }
}

/** The first one is the master, the second one follows it. */
async function follow(master: ServiceHandle, replica: ServiceHandle): Promise<void> {
  await clientOf(master).replicaof('NO', 'ONE');
  const client = clientOf(replica);
  await client.replicaof('127.0.0.1', master.port);
  await until(async () => (await client.info('replication')).includes('master_link_status:up'));
}

// A load balancer or a DNS name in front: the old connection goes on to lead to what was the master.
changeTest(
  'a master that has become a replica is left, where it is reached by a name',
  async (Lanes, Class) => {
    const [first, second] = servers as [ServiceHandle, ServiceHandle];
    await follow(first, second);
    const road = await roadTo(first.port);
    const lanes = new Lanes({ Redis: Class, retry: fast, connection: { port: road.port } });
    closers.push(
      () => lanes.close({ timeoutMs: 0 }),
      () => road.close(),
    );
    expect(await lanes.shared.set('a', 1)).toBe('OK');
    expect(await lanes.exclusive.use((client) => client.set('a', 2))).toBe('OK');
    await follow(second, first);
    road.leadTo(second.port);
    await expect(lanes.shared.set('a', 3)).rejects.toThrow('READONLY');
    await expect(lanes.exclusive.use((client) => client.set('a', 3))).rejects.toThrow('READONLY');
    expect(await lanes.shared.set('a', 4)).toBe('OK');
    expect(await lanes.exclusive.use((client) => client.set('a', 5))).toBe('OK');
    expect(await clientOf(second).get('a')).toBe('5');
  },
);

// Somebody who connects to a replica on purpose keeps the connection.
changeTest('a replica that was one from the start is not left for a refused write', async (Lanes, Class) => {
  const [first, second] = servers as [ServiceHandle, ServiceHandle];
  await follow(first, second);
  const lanes = new Lanes({ Redis: Class, connection: { port: second.port } });
  closers.push(() => lanes.close({ timeoutMs: 0 }));
  await lanes.shared.get('a');
  await expect(lanes.shared.set('a', 1)).rejects.toThrow('READONLY');
  await lanes.shared.get('a');
  expect(lanes.stats()).toMatchObject({ connects: 1, state: 'up' });
});

changeTest('Sentinel: the master is found through it, and its successor', async (Lanes, Class) => {
  const [first, second] = servers as [ServiceHandle, ServiceHandle];
  await follow(first, second);
  const guard = clientOf(sentinel as ServiceHandle);
  await guard.call('SENTINEL', 'REMOVE', 'main').catch(() => {});
  await guard.call('SENTINEL', 'MONITOR', 'main', '127.0.0.1', String(first.port), '1');
  for (const [option, value] of [
    ['down-after-milliseconds', '500'],
    ['failover-timeout', '5000'],
  ] as const) {
    await guard.call('SENTINEL', 'SET', 'main', option, value);
  }
  await until(async () =>
    String(await guard.call('SENTINEL', 'REPLICAS', 'main')).includes(String(second.port)),
  );
  const lanes = new Lanes({
    ...{ Redis: Class, retry: fast, commandTimeoutMs: 500, connectTimeoutMs: 1_000 },
    // The first one is not there: the next one is asked.
    connection: {
      sentinels: [
        { host: '127.0.0.1', port: 1 },
        { host: '127.0.0.1', port: guard.options.port ?? 0 },
      ],
      name: 'main',
    },
  });
  closers.push(() => lanes.close({ timeoutMs: 0 }));
  const heard: string[] = [];
  await lanes.subscriber.subscribe('news', (message) => heard.push(message));
  await lanes.shared.set('a', 1);
  expect(await clientOf(first).get('a')).toBe('1');
  await first.kill();
  await until(() =>
    lanes.shared.set('a', 2).then(
      () => true,
      () => false,
    ),
  );
  expect(await clientOf(second).get('a')).toBe('2');
  expect(await lanes.exclusive.use((client) => client.get('a'))).toBe('2');
  await until(async () => {
    await lanes.shared.publish('news', 'x');
    return heard.length > 0;
  });
  await first.start();
});
