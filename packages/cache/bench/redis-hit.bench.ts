import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createCache } from '@mainstay/cache';
import { Redis } from 'ioredis';
import { question } from '../../../scripts/bench/harness.mjs';

const KEYS = 1_000;
// Not bundled with this file: it starts processes from where it lies. The runner stands in this folder.
const { startServices }: typeof import('../../../scripts/services/index.mjs') = await import(
  pathToFileURL(path.resolve('../../../scripts/services/index.mjs')).href
);
const services = await startServices({ redis: true });
if (services.redis === undefined) {
  console.log(`Skipped, no Redis: ${services.skipped[0]?.reason}. ${services.skipped[0]?.hint}`);
} else {
  const { port, host } = services.redis;
  const client = new Redis(port, host);
  await client.ping();
  const value = {
    id: 1,
    rows: Array.from({ length: 20 }, (_, index) => ({ index, text: 'some text that is read again' })),
  };
  // Memory holds one entry, so that every read is a Redis hit that has to be decoded.
  const cache = createCache({
    name: 'bench',
    memory: { maxEntries: 1 },
    // The same codec as beside it: JSON, not deflated.
    redis: { client, timeoutMs: 5_000, compressFromBytes: Number.POSITIVE_INFINITY },
    ttlMs: 3_600_000,
  });
  for (let index = 0; index < KEYS; index += 1) {
    await cache.set(`${index}`, value);
    await cache.set(`tagged ${index}`, value, { tags: ['all', `own ${index % 10}`] });
    await client.set(`raw:${index}`, JSON.stringify(value));
  }
  const lanes =
    (concurrent: number, read: (index: number) => Promise<unknown>) =>
    async (operations: number): Promise<void> => {
      let next = 0;
      const lane = async (): Promise<void> => {
        while (next < operations) await read(next++ % KEYS);
      };
      await Promise.all(Array.from({ length: concurrent }, lane));
    };
  const missing = (): never => {
    throw new Error('not found in Redis');
  };

  const raw = async (index: number): Promise<unknown> => JSON.parse((await client.get(`raw:${index}`)) ?? '');
  const own = (index: number): Promise<unknown> => cache.getOrSet(`${index}`, missing);
  const tagged = (index: number): Promise<unknown> =>
    cache.getOrSet(`tagged ${index}`, missing, { tags: ['all', `own ${index % 10}`] });

  for (const [concurrent, iterations, target] of [
    [64, 10_000, '< 1 of ioredis GET + JSON.parse: reads of one tick share a command'],
    [1, 2_000, '<= 1.11 (0.9 of its throughput): one after another, nothing to share'],
  ] as const) {
    await question({
      title: `Redis hit, ${concurrent} at once, ${JSON.stringify(value).length} bytes of JSON`,
      floor: 'ioredis GET + JSON.parse',
      target,
      iterations,
      rounds: 15,
      unit: 'us',
      contestants: {
        'ioredis GET + JSON.parse': lanes(concurrent, raw),
        'mainstay getOrSet': lanes(concurrent, own),
        'mainstay getOrSet, 2 tags': lanes(concurrent, tagged),
      },
    });
  }
  await cache.close();
  client.disconnect();
}
await services.close();
