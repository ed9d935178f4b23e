// A process that never closes its cache: it says when its bus stands, ends its own client when it is told to, and has to end by itself.
import { Redis } from 'ioredis';
import { createCache } from '../../dist/index.js';

const client = new Redis(Number(process.argv[2]), '127.0.0.1', { retryStrategy: () => 20 });
client.on('error', () => {});
await client.ping();
const cache = createCache({ name: 'ending', redis: { client, timeoutMs: 2_000 } });
while (cache.stats().bus !== 'up') {
  await cache.getOrSet('key', () => 1);
  await new Promise((resolve) => setTimeout(resolve, 10));
}
process.send('ready');
process.once('message', () => {
  client.disconnect();
  process.disconnect();
});
