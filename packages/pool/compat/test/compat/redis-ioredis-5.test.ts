import { type ExclusiveLane, RedisLanes } from '@mainstay/pool/redis';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { startServices } from '../../../../../scripts/services/index.mjs';

// The workspace's own ioredis is 6; here `ioredis` is 5, as it is to most who come. Its class must be accepted, too.
test('RedisLanes with the class of ioredis 5: three lanes on one server', async (context) => {
  await using services = await startServices({ redis: true });
  const { redis: server, skipped } = services;
  if (server === undefined) {
    context.skip(`Redis: ${skipped[0]?.reason}. ${skipped[0]?.hint}`);
    return;
  }
  await using lanes = new RedisLanes({ Redis, connection: { port: server.port } });
  const heard: string[] = [];
  const stop = await lanes.subscriber.subscribe('news', (message) => heard.push(message));
  expect(await lanes.shared.multi().set('a', 1).incr('a').exec()).toEqual([
    [null, 'OK'],
    [null, 2],
  ]);
  const popped = lanes.exclusive.use((client) => client.blpop('jobs', 10));
  await lanes.shared.rpush('jobs', 'one');
  expect(await popped).toEqual(['jobs', 'one']);
  await lanes.shared.publish('news', 'x');
  await expect.poll(() => heard).toEqual(['x']);
  await stop();
  expect(lanes.shared).toBeInstanceOf(Redis);
});

test('its Cluster is found through the same class', () => {
  expect(() => new RedisLanes({ Redis, cluster: { nodes: [] } })).toThrow('list at least one node');
  const lanes = new RedisLanes({ Redis, cluster: { nodes: [1] } });
  const lane: ExclusiveLane = lanes.exclusiveFor('a');
  expect(lane.use).toBeTypeOf('function');
  expect(lanes.shared).toBeInstanceOf(Redis.Cluster);
  return lanes.close();
});
