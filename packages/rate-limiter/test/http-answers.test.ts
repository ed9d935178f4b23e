import { createServer, get as httpGet, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { rateLimit as expressRateLimit } from '../src/express.js';
import rateLimit from '../src/fastify.js';
import { rateLimit as honoRateLimit } from '../src/hono.js';
import {
  byIp,
  byUser,
  nodeRateLimit,
  RateLimiter,
  type RateLimiterOptions,
  refusalResponse,
  webRateLimit,
} from '../src/index.js';
import { redisStore } from '../src/redis.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function limited(options: Partial<RateLimiterOptions> = {}): RateLimiter {
  const limiter = new RateLimiter({
    name: 'api',
    limit: 2,
    windowMs: 60_000,
    algorithm: 'strict',
    ...options,
  } as RateLimiterOptions);
  closers.push(() => limiter.close());
  return limiter;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The same for every way to serve. */
async function expectsTwoAndRefuses(
  get: (path: string, init?: RequestInit) => Promise<Response>,
): Promise<void> {
  const first = await get('/');
  expect([first.status, await first.text()]).toEqual([200, 'hello']);
  expect(first.headers.get('ratelimit-policy')).toBe('"api";q=2;w=60');
  expect(first.headers.get('ratelimit')).toMatch(/^"api";r=1;t=6[0-6]$/);
  expect(first.headers.get('x-ratelimit-limit')).toBeNull();
  await (await get('/')).text();
  const third = await get('/');
  expect(third.status).toBe(429);
  expect(third.headers.get('content-type')).toContain('application/problem+json');
  expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(50);
  expect(third.headers.get('ratelimit')).toContain('"api";r=0;t=');
  expect(third.headers.get('cache-control')).toBe('no-store');
  expect(await third.json()).toEqual({
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Too many requests',
    status: 429,
    detail: expect.stringMatching(/^Too many requests\. Please wait \d+ seconds and try again\.$/),
    'violated-policies': ['api'],
  });
  const spoofed = await get('/', { headers: { 'x-forwarded-for': '1.2.3.4' } });
  expect(spoofed.status).toBe(429);
  await spoofed.text();
  const skipped = await get('/health?full');
  expect([skipped.status, skipped.headers.get('ratelimit')]).toEqual([200, null]);
  const page = await get('/', { headers: { accept: 'text/html,application/xhtml+xml' } });
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toContain('<p>Too many requests. Please wait');
}

const skip = { paths: ['/health', '/assets/*'] };

test('node:http', async () => {
  const refused = nodeRateLimit({ limiter: limited(), skip });
  const url = await listening(
    createServer(async (request, response) => {
      if (await refused(request, response)) return;
      response.end('hello');
    }),
  );
  await expectsTwoAndRefuses((path, init) => fetch(url + path, init));
});

test('Express', async () => {
  const app = express();
  app.use(expressRateLimit({ limiter: limited(), skip }));
  app.use((_request, response) => void response.send('hello'));
  const url = await listening(createServer(app));
  await expectsTwoAndRefuses((path, init) => fetch(url + path, init));
});

test('Fastify', async () => {
  const app = Fastify();
  await app.register(rateLimit, { limiter: limited(), skip });
  app.get('/', async () => 'hello');
  app.get('/health', async () => 'hello');
  await app.listen({ port: 0, host: '127.0.0.1' });
  closers.push(() => app.close());
  await expectsTwoAndRefuses((path, init) => fetch(app.listeningOrigin + path, init));
});

test('Hono, and the Web handler', async () => {
  const app = new Hono();
  app.use(honoRateLimit({ limiter: limited(), skip, remoteAddress: () => '203.0.113.7' }));
  app.all('*', (context) => context.text('hello'));
  await expectsTwoAndRefuses(async (path, init) => app.request(path, init));
  const limit = webRateLimit({ limiter: limited(), skip });
  await expectsTwoAndRefuses(async (path, init) => {
    const verdict = await limit(new Request(`http://localhost${path}`, init), '203.0.113.7');
    return refusalResponse(verdict) ?? new Response('hello', { headers: verdict.headers });
  });
});

test('Fastify: a route has its own limit or none, unknown paths are counted, a user has a quota of its own', async () => {
  const app = Fastify();
  app.decorateRequest('user', undefined);
  app.addHook('onRequest', async (request) => {
    const name = request.headers['x-test-user'];
    if (typeof name === 'string') (request as unknown as { user: string }).user = name;
  });
  await app.register(rateLimit, {
    limiter: limited(),
    hook: 'preHandler',
    key: byUser((view) => (view.request as unknown as { user?: string }).user, byIp()),
    legacyHeaders: true,
  });
  app.get('/', async () => 'hello');
  app.get('/free', { config: { rateLimit: false } }, async () => 'free');
  app.get('/dear', { config: { rateLimit: { cost: 2 } } }, async () => 'dear');
  app.get(
    '/other',
    {
      config: { rateLimit: { limiter: limited({ name: 'other', limit: 1 } as Partial<RateLimiterOptions>) } },
    },
    async () => 'x',
  );
  closers.push(() => app.close());
  const get = (url: string, user?: string) =>
    app.inject({ url, headers: user === undefined ? {} : { 'x-test-user': user } });
  expect((await get('/nowhere')).statusCode).toBe(404);
  expect((await get('/nowhere')).statusCode).toBe(404);
  expect((await get('/nowhere')).statusCode).toBe(429);
  expect((await get('/')).statusCode).toBe(429);
  expect((await get('/free')).statusCode).toBe(200);
  const dear = await get('/dear', 'ann');
  expect([dear.statusCode, dear.headers['x-ratelimit-remaining'], dear.headers['x-ratelimit-limit']]).toEqual(
    [200, '0', '2'],
  );
  expect(Number(dear.headers['x-ratelimit-reset'])).toBeGreaterThan(50);
  expect((await get('/', 'ann')).statusCode).toBe(429);
  expect((await get('/', 'bob')).statusCode).toBe(200);
  expect([(await get('/other', 'bob')).statusCode, (await get('/other', 'bob')).statusCode]).toEqual([
    200, 429,
  ]);
});

test('refused only because the store is away is 503; refused by the local limit is 429 and says degraded', async () => {
  const client = new Redis({ host: '127.0.0.1', port: 1, lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => {});
  closers.push(() => client.disconnect());
  const away = webRateLimit({ limiter: limited({ store: redisStore(client), onStoreFailure: 'deny' }) });
  const denied = refusalResponse(await away(new Request('http://localhost/'), '203.0.113.7'));
  expect(denied?.status).toBe(503);
  expect(denied?.headers.get('retry-after')).toBe('1');
  expect(await denied?.json()).toMatchObject({
    type: 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity',
    status: 503,
    degraded: true,
  });
  const local = webRateLimit({ limiter: limited({ store: redisStore(client) }) });
  const statuses: (number | undefined)[] = [];
  for (let request = 0; request < 3; request += 1) {
    const verdict = await local(new Request('http://localhost/'), '203.0.113.7');
    expect(verdict.decision?.degraded).toBe(true);
    statuses.push(verdict.refusal?.status);
  }
  expect(statuses).toEqual([undefined, undefined, 429]);
  const { refusal } = await local(new Request('http://localhost/'), '203.0.113.7');
  expect(JSON.parse(refusal?.body ?? '')).toMatchObject({ status: 429, degraded: true });
  const open = limited({ store: redisStore(client), onStoreFailure: 'allow' });
  for (let request = 0; request < 9; request += 1) {
    expect(await open.consume('k')).toMatchObject({ allowed: true, degraded: true });
  }
});

test('several limits make several members, and names and windows are written as the fields allow', async () => {
  const limiter = limited({
    limit: undefined,
    windowMs: undefined,
    algorithm: undefined,
    limits: [
      { name: 'per "second"', limit: 3, windowMs: 500 },
      { name: 'tagß', limit: 2, windowMs: 86_400_000, algorithm: 'strict' },
    ],
  } as Partial<RateLimiterOptions>);
  const limit = webRateLimit({ limiter, message: ({ policy }) => `<${policy}>` });
  const { headers } = await limit(new Request('http://localhost/'), '::1');
  expect(headers['ratelimit-policy']).toBe('"per \\"second\\"";q=3, "tag_";q=2;w=86400');
  expect(headers.ratelimit).toMatch(/^"per \\"second\\"";r=0;t=1, "tag_";r=1;t=9\d{4}$/);
  const refused = await limit(new Request('http://localhost/', { headers: { accept: 'text/html' } }), '::1');
  expect(refused.refusal?.body).toContain('&lt;per &quot;second&quot;&gt;');
});

test('who and what is not counted', async () => {
  const limiter = limited({ limit: 1 } as Partial<RateLimiterOptions>);
  const limit = webRateLimit({
    limiter,
    headers: false,
    skip: {
      methods: ['options'],
      paths: ['/assets/*'],
      addresses: ['10.0.0.0/8'],
      when: ({ header }) => header('x-probe') === '1',
    },
  });
  const ask = async (path: string, init: RequestInit = {}, address = '203.0.113.7') =>
    (await limit(new Request(`http://localhost${path}`, init), address)).decision?.allowed;
  expect(await ask('/')).toBe(true);
  expect(await ask('/')).toBe(false);
  expect(await ask('/', { method: 'OPTIONS' })).toBeUndefined();
  expect(await ask('/assets/logo.svg')).toBeUndefined();
  expect(await ask('/assets')).toBe(false);
  expect(await ask('/', {}, '10.1.1.1')).toBeUndefined();
  expect(await ask('/', { headers: { 'x-forwarded-for': '10.1.1.1' } })).toBe(false);
  expect(await ask('/', { headers: { 'x-probe': '1' } })).toBeUndefined();
  expect((await limit(new Request('http://localhost/'), '9.9.9.9')).headers).toEqual({});
  expect(() => webRateLimit({ limiter, skip: { addresses: ['everybody'] } })).toThrow('skip.addresses');
  expect(() => webRateLimit({ limiter, skip: { path: [] } as object })).toThrow('did you mean');
  expect(() => webRateLimit({} as never)).toThrow('a RateLimiter');
});

/** Two limiters one after the other, behind a layer that has written `Vary`; the second refuses the second request. */
const layered: Record<
  string,
  (one: RateLimiter, two: RateLimiter) => Promise<(init?: RequestInit) => Promise<Response>>
> = {
  'node:http': async (one, two) => {
    const layers = [nodeRateLimit({ limiter: one }), nodeRateLimit({ limiter: two })];
    const url = await listening(
      createServer(async (request, response) => {
        response.setHeader('vary', 'Origin');
        for (const refused of layers) if (await refused(request, response)) return;
        response.end('hello');
      }),
    );
    return (init) => fetch(url, init);
  },
  Express: async (one, two) => {
    const app = express();
    app.use((_request, response, next) => {
      response.vary('Origin');
      next();
    });
    app.use(expressRateLimit({ limiter: one }), expressRateLimit({ limiter: two }));
    app.use((_request, response) => void response.send('hello'));
    const url = await listening(createServer(app));
    return (init) => fetch(url, init);
  },
  Fastify: async (one, two) => {
    const app = Fastify();
    app.addHook('onRequest', async (_request, reply) => void reply.header('vary', 'Origin'));
    await app.register(rateLimit, { limiter: one });
    await app.register(rateLimit, { limiter: two });
    app.get('/', async () => 'hello');
    await app.listen({ port: 0, host: '127.0.0.1' });
    closers.push(() => app.close());
    return (init) => fetch(app.listeningOrigin, init);
  },
  Hono: async (one, two) => {
    const app = new Hono();
    app.use(async (context, next) => {
      context.header('vary', 'Origin');
      await next();
    });
    app.use(honoRateLimit({ limiter: one }), honoRateLimit({ limiter: two }));
    app.all('*', (context) => context.text('hello'));
    return async (init) => app.request('/', init);
  },
};

for (const [name, make] of Object.entries(layered)) {
  test(`${name}: what an earlier layer has written stays: Vary, and the fields of another limiter`, async () => {
    const [one, two] = [
      limited({ name: 'one' }),
      limited({ name: 'two', limit: 1 } as Partial<RateLimiterOptions>),
    ];
    const get = await make(one, two);
    const first = await get();
    expect([first.status, first.headers.get('vary')]).toEqual([200, 'Origin']);
    expect(first.headers.get('ratelimit-policy')?.split(', ').sort()).toEqual([
      '"one";q=2;w=60',
      '"two";q=1;w=60',
    ]);
    expect(first.headers.get('ratelimit')?.split(', ')).toHaveLength(2);
    await first.text();
    const second = await get({ headers: { accept: 'application/json, text/html;q=0' } });
    expect([second.status, second.headers.get('vary')]).toEqual([429, 'Origin, Accept']);
    expect(second.headers.get('content-type')).toContain('application/problem+json');
    expect(((await second.json()) as { 'violated-policies': string[] })['violated-policies']).toEqual([
      'two',
    ]);
  });
}

test('a path that only looks like a skipped one is counted', async () => {
  const limiter = limited({ limit: 1 } as Partial<RateLimiterOptions>);
  const refused = nodeRateLimit({ limiter, skip: { paths: ['/assets/*', '/health'] } });
  const url = await listening(
    createServer(async (request, response) => {
      if (await refused(request, response)) return;
      response.end('hello');
    }),
  );
  const raw = (path: string) =>
    new Promise<number>((resolve, reject) => {
      httpGet(url, { path }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }).on('error', reject);
    });
  expect(await raw('/assets/../login')).toBe(200);
  for (const path of [
    '/assets/../login',
    '/assets/%2e%2e/login',
    '/assets/x/..%2f../../login',
    '/assets\\..\\login',
  ]) {
    expect(await raw(path), path).toBe(429);
  }
  expect(await raw('/assets/logo.svg')).toBe(200);
  expect(await raw('/assets/fonts/../logo.svg')).toBe(200);
  expect(() => nodeRateLimit({ limiter, skip: { paths: ['health'] } })).toThrow('begins with /');
});
