// One /metrics for all: a counter of your own, the requests by route, the process, and a cache that is watched.
import { createCache } from '@mainstay/cache';
import { Metrics } from '@mainstay/metrics';
import metricsPlugin from '@mainstay/metrics/fastify';
import Fastify from 'fastify';

const metrics = new Metrics({ defaultLabels: { service: 'shop' } });
metrics.collectDefaults(); // process, heap, garbage collection, event loop

const orders = metrics.counter({ name: 'orders_total', help: 'Orders taken.', labels: ['article'] });

const cache = createCache({ name: 'articles', ttlMs: 60_000 });
metrics.watch(cache); // its stats() is read at each scrape, nothing is added to its own work

const app = Fastify();
await app.register(metricsPlugin, { metrics }); // before your routes

/** @typedef {{ Params: { article: string } }} ArticleRoute */

app.get(
  '/articles/:article',
  async (/** @type {import('fastify').FastifyRequest<ArticleRoute>} */ request) => {
    const { article } = request.params;
    return cache.getOrSet(article, () => ({ article, price: 9 }));
  },
);

app.post(
  '/articles/:article/orders',
  async (/** @type {import('fastify').FastifyRequest<ArticleRoute>} */ request) => {
    // At most 1,000 label sets are kept, so that visitors cannot fill the memory with articles that they make up.
    orders.inc({ article: request.params.article });
    return { ordered: request.params.article };
  },
);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await app.close();
    await cache.close();
  });
}

const url = await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) });
console.log(`shop at ${url}`);
