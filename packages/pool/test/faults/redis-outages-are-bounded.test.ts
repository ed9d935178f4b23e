import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { isRedisInterruptedError, type RedisLanes } from '../../src/redis.js';
import { redisTest, until } from '../support/redis.js';
import { roadTo } from '../support/road.js';

/** The field's schedule, forty times as fast. */
const fast = { firstMs: 50, longestMs: 250, downMs: 500 };

/** How long commands took, and how they ended, while something happened. */
async function asking(redis: RedisLanes, during: () => Promise<unknown>) {
  const errors = new Map<string, number>();
  let longestMs = 0;
  let asked = true;
  const caller = async () => {
    while (asked) {
      const since = performance.now();
      await redis.shared.incr('n').catch((error: { code?: string; message: string }) => {
        const code = error.code ?? error.message;
        errors.set(code, (errors.get(code) ?? 0) + 1);
      });
      longestMs = Math.max(longestMs, performance.now() - since);
      await sleep(2);
    }
  };
  const callers = Array.from({ length: 10 }, caller);
  await during();
  asked = false;
  await Promise.all(callers);
  return { errors, longestMs };
}

redisTest(
  'stopped and started again: bounded errors, and served again by itself',
  async ({ lanes, server }) => {
    const redis = lanes({ retry: fast, commandTimeoutMs: 500 });
    await redis.shared.ping();
    const { errors, longestMs } = await asking(redis, async () => {
      await server.stop();
      await until(() => redis.state === 'down');
      expect(redis.breaker.state).toBe('isolated');
      await server.start();
      await until(() => redis.state === 'up');
      await sleep(100);
    });
    expect([...errors.keys()].every((code) => code.startsWith('ERR_REDIS_'))).toBe(true);
    expect(longestMs).toBeLessThan(2_000);
    expect(await redis.shared.ping()).toBe('PONG');
    expect(redis.stats()).toMatchObject({ downs: 1, connects: 2 });
  },
);

redisTest(
  'killed: what was on its way fails as such, and no command runs twice',
  async ({ lanes, server, outside }) => {
    const redis = lanes({ retry: fast, commandTimeoutMs: 5_000 });
    await redis.shared.ping();
    await server.freeze();
    const onTheirWay = Array.from({ length: 100 }, () =>
      redis.shared.rpush('list', 'x').catch((error: unknown) => error),
    );
    await sleep(50);
    await server.kill();
    for (const outcome of await Promise.all(onTheirWay)) expect(isRedisInterruptedError(outcome)).toBe(true);
    await server.start();
    await until(() => redis.state === 'up');
    await redis.shared.ping();
    expect(await outside().llen('list')).toBe(0);
    expect(redis.stats()).toMatchObject({ interrupted: 100 });
  },
);

// ioredis sends again what was not answered when it reconnects (autoResendUnfulfilledCommands): an INCR counts twice.
redisTest(
  'cut off after the server has carried it out: told that it is not known, and not sent again',
  async ({ lanes, outside, server }) => {
    const road = await roadTo(server.port);
    const redis = lanes({ retry: fast, connection: { port: road.port } });
    await redis.shared.ping();
    road.mute();
    const outcome = redis.shared.incr('once').catch((error: unknown) => error);
    const elsewhere = outside();
    await until(async () => (await elsewhere.get('once')) === '1');
    road.cut();
    expect(isRedisInterruptedError(await outcome)).toBe(true);
    await until(() => redis.state === 'up');
    await redis.shared.ping();
    expect(await elsewhere.get('once')).toBe('1');
    road.close();
  },
);

redisTest(
  'frozen: a command costs its time, the connection is given up, and all is well after the thaw',
  async ({ lanes, server }) => {
    const redis = lanes({ retry: fast, commandTimeoutMs: 300, connectTimeoutMs: 300 });
    await redis.shared.ping();
    const { longestMs, errors } = await asking(redis, async () => {
      await server.freeze();
      await until(() => redis.state === 'down');
      await server.thaw();
      await until(() => redis.state === 'up');
    });
    expect(longestMs).toBeLessThan(1_500);
    expect(errors.get('ERR_REDIS_COMMAND_TIMEOUT')).toBeGreaterThan(0);
    expect(await redis.shared.ping()).toBe('PONG');
  },
);

redisTest(
  'restarted: exclusive connections are replaced, subscriptions come back, the gap is announced',
  async ({ lanes, server, outside }) => {
    const redis = lanes({ retry: fast });
    const heard: string[] = [];
    const gaps: number[] = [];
    redis.on('gap', ({ awayForMs }) => gaps.push(awayForMs));
    await redis.subscriber.subscribe('news', (message) => heard.push(message));
    await redis.subscriber.psubscribe('w*', (message) => heard.push(message));
    await redis.exclusive.use((client) => client.ping());
    const held = await redis.exclusive.acquire();
    const blocked = held.resource.blpop('never', 0).catch((error: unknown) => error);
    await server.restart();
    expect(isRedisInterruptedError(await blocked)).toBe(true);
    held.release();
    await until(() => redis.state === 'up' && gaps.length === 1);
    const publisher = outside();
    await publisher.publish('news', 'again');
    await publisher.publish('weather', 'fine');
    await until(() => heard.length === 2);
    expect(heard).toEqual(['again', 'fine']);
    expect(await redis.exclusive.use((client) => client.ping())).toBe('PONG');
    expect(gaps[0]).toBeGreaterThan(0);
  },
);

redisTest('never there: the lanes start, say so, and are well when it comes', async ({ lanes, server }) => {
  await server.stop();
  const redis = lanes({ retry: fast, commandTimeoutMs: 200 });
  await expect(redis.shared.get('a')).rejects.toMatchObject({
    code: 'ERR_REDIS_COMMAND_TIMEOUT',
    sent: false,
  });
  await until(() => redis.state === 'down');
  await expect(redis.ping()).rejects.toMatchObject({ code: 'ERR_REDIS_DOWN' });
  await server.start();
  await until(() => redis.state === 'up');
  await redis.ping();
});
