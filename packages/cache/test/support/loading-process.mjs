// One process of several: loads the same cold keys through the built package when it is told to, and says how often it loaded.

import { Redis } from 'ioredis';
import { createCache } from '../../dist/index.js';

const [port, prefix, options] = process.argv.slice(2);
const client = new Redis(Number(port), '127.0.0.1');
await client.ping();
const cache = createCache({
  name: 'process',
  redis: { client, prefix, timeoutMs: 2_000, ...JSON.parse(options) },
});
await cache.get('ready');
process.send('ready');
process.once('message', async () => {
  let loads = 0;
  const load = async () => {
    loads += 1;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return 'value';
  };
  const values = await Promise.all(
    Array.from({ length: 100 }, () => cache.getOrSet('cold', load, { tags: ['tag'] })),
  );
  process.send({ loads, right: values.every((value) => value === 'value'), waits: cache.stats().leaseWaits });
  await cache.close();
  client.disconnect();
  process.disconnect();
});
