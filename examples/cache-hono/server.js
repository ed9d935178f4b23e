// A report is computed once and then read from memory; with REDIS_URL all processes share it. An order makes the reports
// of its month void, everywhere and at once.
import { serve } from '@hono/node-server';
import { createCache } from '@mainstay/cache';
import { Hono } from 'hono';
import { Redis } from 'ioredis';

const redis = process.env.REDIS_URL ? new Redis(process.env.REDIS_URL) : undefined;
redis?.on('error', () => {}); // the cache says it better: see 'redisAway' below

const timeoutMs = Number(process.env.REDIS_TIMEOUT_MS ?? 50); // what a read waits for Redis, three times at most
const cache = createCache({
  name: 'shop',
  memory: { maxEntries: 1_000 },
  ttlMs: 60_000,
  redis: redis && { client: redis, timeoutMs },
});
cache.on('redisAway', ({ error }) => console.log(`Redis is away, memory goes on: ${error}`));

let computed = 0;

const report = cache.define({
  key: (/** @type {string} */ month) => `report:${month}`,
  tags: (month) => [`orders:${month}`],
  load: async (month) => {
    computed += 1; // stands for the query that takes seconds
    return { month, number: computed, by: process.pid };
  },
});

const app = new Hono();

app.get('/reports/:month', async (context) => context.json(await report(context.req.param('month'))));

app.post('/orders/:month', async (context) => {
  // Write to the database first; then nobody can load the old state again.
  await cache.invalidateTags(`orders:${context.req.param('month')}`);
  return context.body(null, 204);
});

app.get('/stats', (context) => context.json({ computed, ...cache.stats() }));

const server = serve(
  { fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000) },
  (info) => console.log(`shop at http://127.0.0.1:${info.port}`),
);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(async () => {
      await cache.close();
      redis?.disconnect(); // the client is yours: close it after the cache
    });
  });
}
