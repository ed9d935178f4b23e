import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { byIp, RateLimiter } from '@mainstay/rate-limiter';
import { rateLimit as expressRateLimit } from '@mainstay/rate-limiter/express';
import fastifyRateLimit from '@mainstay/rate-limiter/fastify';
import { rateLimit as honoRateLimit } from '@mainstay/rate-limiter/hono';
import { redisStore } from '@mainstay/rate-limiter/redis';
import express from 'express';
import express4, { type RequestHandler as RequestHandler4 } from 'express-4';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { afterAll, afterEach, expect, test } from 'vitest';
import { startServices } from '../../../../../scripts/services/index.mjs';

const services = await startServices({ redis: true });
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => services.close());

const limited = (): RateLimiter =>
  new RateLimiter({ name: 'api', limit: 2, windowMs: 60_000, algorithm: 'strict' });
const key = byIp({ trustProxy: ['127.0.0.1'] });

async function addressOf(server: Server): Promise<string> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const servers: Record<string, () => Promise<string>> = {
  'Express 4': async () => {
    const app = express4();
    // Two versions of the types meet here alone.
    app.use(expressRateLimit({ limiter: limited(), key }) as unknown as RequestHandler4);
    app.use((_request, response) => void response.send('hello'));
    return addressOf(createServer(app as RequestListener));
  },
  'Express 5': async () => {
    const app = express();
    app.use(expressRateLimit({ limiter: limited(), key }));
    app.use((_request, response) => void response.send('hello'));
    return addressOf(createServer(app));
  },
  'Fastify 5': async () => {
    const app = Fastify();
    await app.register(fastifyRateLimit, { limiter: limited(), key });
    app.get('/', async () => 'hello');
    closers.push(() => app.close());
    return app.listen({ port: 0, host: '127.0.0.1' });
  },
  'Hono 4 on node-server': async () => {
    const app = new Hono();
    app.use(honoRateLimit({ limiter: limited(), key }));
    app.get('/', (context) => context.text('hello'));
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
    return addressOf(server);
  },
};

for (const [name, start] of Object.entries(servers)) {
  test(`${name}: two and no more, by the address that the proxy has written`, async () => {
    const url = await start();
    const get = (visitor: string): Promise<Response> =>
      fetch(url, { headers: { 'x-forwarded-for': `1.2.3.4, ${visitor}` } });
    for (const remaining of [1, 0]) {
      const response = await get('203.0.113.7');
      expect([response.status, await response.text()]).toEqual([200, 'hello']);
      expect(response.headers.get('ratelimit-policy')).toBe('"api";q=2;w=60');
      expect(response.headers.get('ratelimit')).toContain(`"api";r=${remaining};t=`);
    }
    const refused = await get('203.0.113.7');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ status: 429, 'violated-policies': ['api'] });
    const other = await get('203.0.113.8');
    expect([other.status, await other.text()]).toEqual([200, 'hello']);
  });
}

test('ioredis 5 and 6 share one limit, know a flushed script, settle, lease and survive an outage', async (context) => {
  const { redis, skipped } = services;
  if (redis === undefined) {
    context.skip(`Redis: ${skipped[0]?.reason}. ${skipped[0]?.hint}`);
    return;
  }
  const [five, six] = [new Redis5(redis.url), new Redis(redis.url)];
  const limiters = [five, six].map((client) => {
    client.on('error', () => {});
    const store = redisStore(client, { timeoutMs: 2_000 });
    return new RateLimiter({ name: 'both', limit: 20, windowMs: 600_000, algorithm: 'strict', store });
  });
  closers.push(() => [five, six].map((client) => client.disconnect()));
  let allowed = 0;
  for (let round = 0; round < 12; round += 1) {
    for (const limiter of limiters) {
      const decision = await limiter.consume('k');
      expect(decision.degraded).toBe(false);
      if (decision.allowed) allowed += 1;
    }
    if (round === 3) await five.script('FLUSH');
  }
  expect(allowed).toBe(20);
  const [first, second] = limiters as [RateLimiter, RateLimiter];
  const reservation = await first.reserve('tokens', 15);
  await reservation.settle(5);
  expect((await second.consume('tokens', { cost: 0 })).remaining).toBe(15);
  const store = redisStore(five, { timeoutMs: 2_000, leaseSize: 50 });
  const leased = new RateLimiter({
    name: 'leased',
    limit: 10_000,
    windowMs: 600_000,
    algorithm: 'fixed',
    store,
  });
  for (let request = 0; request < 200; request += 1) await leased.consume('hot');
  expect(leased.stats().leased).toBeGreaterThan(50);
  await redis.kill();
  expect((await first.consume('k')).allowed).toBe(false);
  await redis.start();
  for (const limiter of [...limiters, leased]) await limiter.close();
});
