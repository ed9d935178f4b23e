// Five searches in any minute for each visitor. With REDIS_URL all processes share the limit; while Redis is away each
// goes on with its share.
import { byIp, RateLimiter } from '@mainstay/rate-limiter';
import { rateLimit } from '@mainstay/rate-limiter/express';
import { redisStore } from '@mainstay/rate-limiter/redis';
import express from 'express';
import { Redis } from 'ioredis';

const redis = process.env.REDIS_URL ? new Redis(process.env.REDIS_URL) : undefined;
redis?.on('error', () => {}); // the limiter says it better: see 'storeAway' below

const limiter = new RateLimiter({
  name: 'search',
  algorithm: 'strict',
  limit: 5,
  windowMs: 60_000,
  instances: 2, // how many processes share it
  store: redis && redisStore(redis, { timeoutMs: Number(process.env.REDIS_TIMEOUT_MS ?? 100) }),
});
limiter.on('storeAway', ({ error }) => console.log(`Redis is away: ${error}`));
limiter.on('storeUp', () => console.log('Redis is back'));

const app = express();

// `byIp` believes X-Forwarded-For only from the proxies that you name: byIp({ trustProxy: ['10.0.0.0/8'] }).
app.get('/search', rateLimit({ limiter, key: byIp() }), (request, response) => {
  response.json({ found: [`something about ${request.query.q ?? 'everything'}`] });
});

app.get('/stats', (_request, response) => {
  response.json(limiter.stats());
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`search at http://127.0.0.1:${port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(async () => {
      await limiter.close();
      redis?.disconnect();
    });
  });
}
