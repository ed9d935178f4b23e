import { expect } from 'vitest';
import { redisTest, until } from './support/redis.js';

redisTest('what a holder leaves behind does not reach the next one', async ({ lanes, outside }) => {
  const redis = lanes({ exclusive: { max: 1 }, connection: { db: 2 } });
  const { exclusive } = redis;
  const legacies: Record<string, (client: Parameters<Parameters<typeof exclusive.use>[0]>[0]) => unknown> = {
    subscribe: (client) => client.subscribe('news'),
    psubscribe: (client) => client.psubscribe('n*'),
    select: (client) => client.select(5),
    'select in a transaction': (client) => client.multi().select(5).exec(),
    'client reply off': (client) => void client.client('REPLY', 'OFF').catch(() => {}),
    'client reply skip': (client) => void client.call('CLIENT', 'REPLY', 'SKIP').catch(() => {}),
    'client no-evict': (client) => client.call('CLIENT', 'NO-EVICT', 'ON'),
    'client tracking': (client) => client.call('CLIENT', 'TRACKING', 'ON', 'BCAST').catch(() => {}),
    'client setname': (client) => client.client('SETNAME', 'mine'),
    reset: (client) => client.call('RESET'),
    readonly: (client) => client.call('READONLY').catch(() => {}),
    'script debug': (client) => client.call('SCRIPT', 'DEBUG', 'SYNC'),
    quit: (client) => client.quit(),
    disconnect: (client) => client.disconnect(),
    watch: (client) => client.watch('a'),
    'multi with a command': async (client) => {
      await client.call('MULTI');
      await client.call('SET', 'queued', 'never');
    },
    'multi with an error': async (client) => {
      await client.call('MULTI');
      await client.call('NOSUCH').catch(() => {});
    },
    'blocking unanswered': (client) => void client.blpop('never', 0).catch(() => {}),
    'a pipeline unanswered': (client) =>
      void client
        .pipeline()
        .blpop('never', 0)
        .get('a')
        .exec()
        .catch(() => {}),
  };
  const watcher = outside();
  for (const [name, leave] of Object.entries(legacies)) {
    await exclusive.use((client) => leave(client) as Promise<unknown>);
    await watcher.incr('a');
    const found = await exclusive.use(async (client) => {
      await client.set('plain', name);
      const transaction = await client.multi().get('plain').exec();
      const info = String(await client.client('INFO'));
      return { transaction, info, mode: client.mode };
    });
    expect(found, name).toMatchObject({ transaction: [[null, name]], mode: 'normal' });
    expect(found.info, name).toMatch(/ name= .* flags=N db=2 sub=0 psub=0 .*multi=-1 /);
  }
  expect(await watcher.exists('queued')).toBe(0);
});

redisTest('what a holder listens to is not heard by the next one', async ({ lanes }) => {
  const redis = lanes({ exclusive: { max: 1 } });
  const listeners = () =>
    redis.exclusive.use((client) => client.eventNames().map((name) => client.listenerCount(name)));
  const before = await listeners();
  await redis.exclusive.use((client) => {
    client
      .on('error', () => {})
      .on('message', () => {})
      .once('end', () => {});
  });
  expect(await listeners()).toEqual(before);
});

redisTest(
  'a pipeline that leaves its transaction open does not catch the commands of others',
  async ({ lanes }) => {
    const { shared } = lanes();
    await shared.pipeline().call('MULTI').set('a', 'never').exec();
    expect(await shared.set('b', 1)).toBe('OK');
    expect(await shared.get('a')).toBeNull();
    await Promise.all([
      shared.pipeline().call('MULTI').incr('n').exec(),
      shared.pipeline().incr('n').exec(),
      shared.multi().incr('n').exec(),
      shared.incr('n'),
    ]);
    expect(await shared.get('n')).toBe('3');
  },
);

redisTest(
  'of a transaction all or nothing is carried out, also when one command is refused',
  async ({ lanes }) => {
    const { shared } = lanes();
    await expect(shared.multi().set('a', 1).select(3).set('b', 1).exec()).rejects.toMatchObject({
      code: 'ERR_REDIS_WRONG_LANE',
      sent: false,
    });
    expect(await shared.mget('a', 'b')).toEqual([null, null]);
    expect(await shared.multi().set('a', 1).exec()).toEqual([[null, 'OK']]);
    // In a transaction nothing blocks.
    expect(await shared.multi().rpush('list', 'x').blpop('list', 0).exec()).toEqual([
      [null, 1],
      [null, ['list', 'x']],
    ]);
  },
);

redisTest('the shared connection cannot be made silent, or another one’s', async ({ lanes }) => {
  const { shared } = lanes();
  // Also in the moment in which ioredis itself sends such commands.
  const early = [
    new Promise((resolve) =>
      shared.once('connect', () => resolve(shared.select(7).catch((error: Error) => error))),
    ),
    new Promise((resolve) =>
      shared.once('connect', () => resolve(shared.client('REPLY', 'OFF').catch((error: Error) => error))),
    ),
  ];
  expect(await Promise.all(early)).toMatchObject([
    { code: 'ERR_REDIS_WRONG_LANE' },
    { code: 'ERR_REDIS_WRONG_LANE' },
  ]);
  for (const subcommand of [
    ['REPLY', 'SKIP'],
    ['TRACKING', 'ON'],
    ['NO-EVICT', 'ON'],
  ]) {
    await expect(shared.call('CLIENT', ...subcommand)).rejects.toMatchObject({
      code: 'ERR_REDIS_WRONG_LANE',
    });
  }
  expect(await shared.call('CLIENT', 'ID')).toEqual(expect.any(Number));
  expect(await shared.call('CLIENT', 'INFO')).toContain(' db=0 ');
});

redisTest(
  'pipelines before there is a connection: they wait, or each command is refused',
  async ({ lanes }) => {
    const waiting = lanes().shared;
    expect(await waiting.pipeline().set('a', 1).get('a').exec()).toEqual([
      [null, 'OK'],
      [null, '1'],
    ]);
    const refused = lanes({ offlineQueue: 0 }).shared;
    expect(await refused.pipeline().set('a', 2).get('a').exec()).toMatchObject([
      [{ code: 'ERR_REDIS_OFFLINE' }],
      [{ code: 'ERR_REDIS_OFFLINE' }],
    ]);
    const half = lanes({ offlineQueue: 2 }).shared;
    await expect(half.multi().set('a', 3).set('b', 3).exec()).rejects.toMatchObject({
      code: 'ERR_REDIS_OFFLINE',
    });
    await until(() => half.status === 'ready');
    expect(await half.set('c', 1)).toBe('OK');
    expect(await half.mget('a', 'b')).toEqual(['1', null]);
  },
);

redisTest('autopipelining, and a URL', async ({ lanes, server }) => {
  const { shared } = lanes({ connection: { enableAutoPipelining: true } });
  expect(await Promise.all([shared.incr('n'), shared.incr('n'), shared.get('n')])).toEqual([1, 2, '2']);
  expect(await lanes({ connection: `${server.url}/4` }).shared.client('INFO')).toContain(' db=4 ');
});
