import fastify from 'fastify';
import { expect, test } from 'vitest';
import rateLimit from '../src/fastify.js';
import { RateLimiter } from '../src/index.js';

test('a wrong config.rateLimit of a Fastify route throws when the route is declared', async () => {
  const app = fastify();
  await app.register(rateLimit, { limiter: new RateLimiter({ name: 'api', limit: 5, windowMs: 1_000 }) });
  const declare = (own: unknown) => () =>
    app.get('/', { config: { rateLimit: own as false } }, async () => 'hello');
  expect(declare({ limit: 3 })).toThrow('unknown option "limit"');
  expect(declare(true)).toThrow('must be false or { limiter, cost }, received true');
  await app.close();
});
