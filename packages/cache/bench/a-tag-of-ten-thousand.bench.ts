import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createCache } from '@mainstay/cache';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisDriver } from 'bentocache/drivers/redis';
import { Redis } from 'ioredis';
import { figures } from '../../../scripts/bench/harness.mjs';

const KEYS = 10_000;
const CONCURRENT = 64;
const TAGS = ['tag'];
const { startServices }: typeof import('../../../scripts/services/index.mjs') = await import(
  pathToFileURL(path.resolve('../../../scripts/services/index.mjs')).href
);
const services = await startServices({ redis: true });

/** What Redis was asked to do: commands that clients sent, by name. Those inside of scripts are not counted. */
async function sent(observer: Redis, run: () => Promise<unknown>): Promise<Map<string, number>> {
  const monitor = await observer.monitor();
  const commands = new Map<string, number>();
  monitor.on('monitor', (_time: string, [name = '']: string[], source: string) => {
    if (source !== 'lua') commands.set(name.toLowerCase(), (commands.get(name.toLowerCase()) ?? 0) + 1);
  });
  await run();
  await new Promise((resolve) => setTimeout(resolve, 300));
  monitor.disconnect();
  return commands;
}

const READS = ['get', 'mget'];
const sum = (commands: Map<string, number>, wanted: (name: string) => boolean): number =>
  [...commands].reduce((total, [name, count]) => total + (wanted(name) ? count : 0), 0);

if (services.redis === undefined) {
  console.log(`Skipped, no Redis: ${services.skipped[0]?.reason}. ${services.skipped[0]?.hint}`);
} else {
  const { port, host } = services.redis;
  const [observer, client] = [new Redis(port, host), new Redis(port, host)];
  await Promise.all([observer.ping(), client.ping()]);
  const cache = createCache({
    name: 'tags',
    memory: { maxEntries: 2 * KEYS },
    redis: { client, timeoutMs: 20_000 },
    // What the heartbeat asks is no read.
    bus: false,
  });
  const bento = new BentoCache({
    default: 'two',
    stores: {
      two: bentostore()
        .useL1Layer(memoryDriver({ maxItems: 2 * KEYS }))
        .useL2Layer(redisDriver({ connection: { host, port } })),
    },
  });
  const contestants: Record<string, [(key: string) => Promise<unknown>, () => Promise<unknown>]> = {
    mainstay: [(key) => cache.getOrSet(key, () => key, { tags: TAGS }), () => cache.invalidateTags(...TAGS)],
    bentocache: [
      (key) => bento.getOrSet({ key, factory: () => key, tags: TAGS, ttl: '1h' }),
      () => bento.deleteByTag({ tags: TAGS }),
    ],
  };
  const rows = [];
  for (const [name, [read, invalidate]] of Object.entries(contestants)) {
    const all = async (concurrent: number): Promise<void> => {
      let next = 0;
      const lane = async (): Promise<void> => {
        while (next < KEYS) await read(`key ${next++}`);
      };
      await Promise.all(Array.from({ length: concurrent }, lane));
    };
    await all(CONCURRENT);
    await invalidate();
    await all(CONCURRENT);
    const values: Record<string, number> = {
      'to invalidate': sum(await sent(observer, invalidate), () => true),
    };
    for (const concurrent of [KEYS, CONCURRENT]) {
      const startedAt = performance.now();
      const commands = await sent(observer, () => all(concurrent));
      values[`reads, ${concurrent} at once`] = sum(commands, (command) => READS.includes(command));
      values[`others, ${concurrent} at once`] = sum(commands, (command) => !READS.includes(command));
      values[`ms, ${concurrent} at once`] = Math.round(performance.now() - startedAt - 300);
      await invalidate();
    }
    rows.push({ name, values });
  }
  figures({
    title: `a tag of ${KEYS.toLocaleString('en')} values is invalidated, then each is read once, commands`,
    target: '1 command, then no more than one read command a tick batch (of 1,000 keys)',
    note: 'commands that reached Redis (MONITOR); others are leases and writes of what was loaded again',
    rows,
  });
  await Promise.all([cache.close(), bento.disconnectAll()]);
  observer.disconnect();
  client.disconnect();
}
await services.close();
