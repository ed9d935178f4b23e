import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createCache } from '@mainstay/cache';
import { createFaultProxy, latency } from '@mainstay/fault-proxy';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { Redis } from 'ioredis';
import { question } from '../../../scripts/bench/harness.mjs';

const TAGS = ['a', 'b', 'c', 'd', 'e'];
const { startServices }: typeof import('../../../scripts/services/index.mjs') = await import(
  pathToFileURL(path.resolve('../../../scripts/services/index.mjs')).href
);
const services = await startServices({ redis: true });
if (services.redis === undefined) {
  console.log(`Skipped, no Redis: ${services.skipped[0]?.reason}. ${services.skipped[0]?.hint}`);
} else {
  const proxy = await createFaultProxy({ target: { port: services.redis.port } });
  proxy.add(latency({ ms: 50 }));
  const clients = Array.from({ length: 3 }, () => new Redis(proxy.port, '127.0.0.1'));
  const [first, second, third] = clients as [Redis, Redis, Redis];
  await Promise.all(clients.map((client) => client.ping()));
  const make = (client: Redis, name: string, lease: boolean) =>
    createCache({ name, redis: { client, timeoutMs: 1_000, lease } });
  const [off, on] = [make(first, 'off', false), make(second, 'on', true)];
  const bento = new BentoCache({
    default: 'two',
    stores: {
      two: bentostore()
        .useL1Layer(memoryDriver({ maxItems: 1_000 }))
        .useL2Layer(redisDriver({ connection: third }))
        .useBus(redisBusDriver({ connection: { host: '127.0.0.1', port: proxy.port } })),
    },
  });
  let number = 0;
  const times =
    (read: (key: string) => Promise<unknown>) =>
    async (operations: number): Promise<void> => {
      for (let done = 0; done < operations; done += 1) await read(`key ${++number}`);
    };
  await question({
    title: 'cold read over a link of 100 ms a round trip, 5 tags, a loader that returns at once',
    peer: 'one PING',
    target: 'lease off <= 1.1 round trips, lease on <= 2.1',
    note: 'one after another; the ping is the round trip',
    iterations: 4,
    rounds: 5,
    unit: 'ms',
    contestants: {
      'one PING': times(() => first.ping()),
      'getOrSet, lease: false': times((key) => off.getOrSet(key, () => 1, { tags: TAGS })),
      'getOrSet, lease: true': times((key) => on.getOrSet(key, () => 1, { tags: TAGS })),
      'bentocache getOrSet': times((key) => bento.getOrSet({ key, factory: () => 1, tags: TAGS, ttl: '1m' })),
    },
  });
  await Promise.all([off.close(), on.close(), bento.disconnectAll()]);
  for (const client of clients) client.disconnect();
  await proxy.close();
}
await services.close();
