import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { readRedisLanesOptions } from '../src/redis/redis-options.js';
import { RedisLanes } from '../src/redis.js';

test('an address that none can be reached at is refused, and what ioredis makes sense of is taken', () => {
  const make = (options: object) => () => new RedisLanes(options);
  const at = (connection: object) => make({ connection });
  expect(at({ host: 5 })).toThrow(
    new TypeError('RedisLanes: option "connection.host" must be a string, received 5'),
  );
  expect(at({ path: {} })).toThrow('option "connection.path" must be a string');
  expect(at({ port: 70_000 })).toThrow(RangeError);
  expect(at({ port: 'redis' })).toThrow('option "connection.port" must be a whole number from 0 to 65535');
  expect(at({ port: {} })).toThrow(TypeError);
  expect(at({ db: -1 })).toThrow('option "connection.db" must be a whole number from 0');
  expect(at({ db: 1.5 })).toThrow(RangeError);
  expect(at({ name: 'a', sentinels: [{ host: 5 }] })).toThrow(
    '"connection.sentinels[0].host" must be a string',
  );
  expect(at({ name: 'a', sentinels: [5] })).toThrow('"connection.sentinels[0]" must be an object');
  expect(make({ cluster: { nodes: [7000, { port: -1 }] } })).toThrow(
    '"cluster.nodes[1].port" must be a whole',
  );
  expect(make({ cluster: { nodes: [null] } })).toThrow('"cluster.nodes[0]" must be');
  expect(make({ cluster: { nodes: [70_000] } })).toThrow('"cluster.nodes[0]" must be');
  for (const connection of [
    ...[{ host: undefined, port: null }, { host: '', port: '6379', db: '3' }, { path: '/tmp/redis.sock' }],
    ...[
      { host: '::1', port: 6380, family: 6 },
      { name: 'a', sentinels: [{ host: 'b', port: 26_379 }] },
    ],
  ]) {
    expect(() => readRedisLanesOptions({ connection } as never, Redis)).not.toThrow();
  }
  const nodes = [7000, 'redis://a:7001', { host: 'b', port: 7002 }, {}];
  expect(() => readRedisLanesOptions({ cluster: { nodes } }, Redis)).not.toThrow();
});
