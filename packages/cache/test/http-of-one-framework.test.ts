import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { ManualClock } from '@mainstay/core';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { afterEach, expect, test, vi } from 'vitest';
import { cacheResponses } from '../src/express.js';
import { responseCachePlugin } from '../src/fastify.js';
import { cacheResponses as forHono } from '../src/hono.js';
import { createCache } from '../src/index.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const options = () => ({ cache: createCache({ name: 'http', ttlJitterRatio: 0 }), ttlMs: 60_000 });

async function listen(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.each([
  ['an object', (response: ServerResponse) => response.writeHead(200, { 'Set-Cookie': 'a=1' })],
  ['a list', (response: ServerResponse) => response.writeHead(200, 'OK', ['Set-Cookie', 'a=1'])],
  [
    'the last moment',
    (response: ServerResponse) => {
      const { writeHead } = response;
      response.writeHead = ((...parameters: Parameters<typeof writeHead>) => {
        response.setHeader('set-cookie', 'a=1');
        return writeHead.apply(response, parameters);
      }) as typeof writeHead;
    },
  ],
])('express: a cookie that is set by %s is seen', async (_how, setCookie) => {
  const app = express().disable('x-powered-by');
  let calls = 0;
  app.get('/', cacheResponses({ ...options(), vary: [] }), (_request, response) => {
    setCookie(response);
    response.end(`${++calls}`);
  });
  const url = await listen(app);
  for (const expected of ['1', '2']) {
    const response = await fetch(url);
    expect([await response.text(), response.headers.get('set-cookie')]).toEqual([expected, 'a=1']);
  }
});

test('express: a cookie that a middleware before sets at the last moment is seen', async () => {
  const app = express();
  let calls = 0;
  app.use((_request, response, next) => {
    const { writeHead } = response;
    response.writeHead = ((...parameters: Parameters<typeof writeHead>) => {
      response.setHeader('set-cookie', 'a=1');
      return writeHead.apply(response, parameters);
    }) as typeof writeHead;
    next();
  });
  app.get('/', cacheResponses(options()), (_request, response) => {
    response.send(`${++calls}`);
  });
  const url = await listen(app);
  for (const expected of ['1', '2']) expect(await (await fetch(url)).text()).toBe(expected);
});

test('express: the refresh goes through the whole application, also where the middleware is in a mounted part', async () => {
  const clock = new ManualClock();
  const cache = createCache({ name: 'http', ttlJitterRatio: 0, clock });
  const [app, part] = [express(), express()];
  const seen: unknown[] = [];
  app.use((request, _response, next) => {
    seen.push([request.originalUrl, request.ip]);
    next();
  });
  part.use(cacheResponses({ cache, ttlMs: 1_000, staleMs: 1_000 }));
  part.get('/page', (_request, response) => {
    response.json({ seen: seen.length });
  });
  app.use('/part', part);
  const url = `${await listen(app)}/part/page?a=1`;
  const ask = async (): Promise<unknown> => (await fetch(url)).json();
  expect(await ask()).toEqual({ seen: 1 });
  clock.advance(1_001);
  expect(await ask()).toEqual({ seen: 1 });
  await vi.waitFor(async () => expect(await ask()).toEqual({ seen: 3 }), { timeout: 30_000 });
  expect(new Set(seen.map((visit) => JSON.stringify(visit)))).toEqual(
    new Set(['["/part/page?a=1","127.0.0.1"]']),
  );
});

test('express: what a handler writes after its failure was replaced changes nothing', async () => {
  const clock = new ManualClock();
  const cache = createCache({ name: 'http', ttlJitterRatio: 0, clock });
  const app = express();
  let [down, called] = [false, 0];
  app.get('/', cacheResponses({ cache, ttlMs: 1_000, staleIfErrorMs: 10_000 }), (_request, response) => {
    if (!down) {
      response.send('good');
      return;
    }
    response.writeHead(502, { 'x-bad': '1' });
    response.write('bad ', () => {
      called += 1;
    });
    response.end('worse', () => {
      called += 1;
    });
  });
  const url = await listen(app);
  await fetch(url);
  clock.advance(1_001);
  down = true;
  const response = await fetch(url);
  expect([response.status, await response.text(), response.headers.get('x-bad')]).toEqual([
    200,
    'good',
    null,
  ]);
  await vi.waitFor(() => expect(called).toBe(2), { timeout: 30_000 });
});

test('fastify: a cookie that a plugin after sets when the response is sent is seen', async () => {
  const app = Fastify();
  await app.register(responseCachePlugin, options());
  app.addHook('onSend', async (_request, reply) => void reply.header('set-cookie', 'a=1'));
  let calls = 0;
  app.get('/', async () => `${++calls}`);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  for (const expected of ['1', '2']) expect(await (await fetch(url)).text()).toBe(expected);
  await app.close();
});

test('fastify: it works with inject, which has no server, the refresh included', async () => {
  const clock = new ManualClock();
  const cache = createCache({ name: 'http', ttlJitterRatio: 0, clock });
  const app = Fastify();
  await app.register(responseCachePlugin, { cache, ttlMs: 1_000, staleMs: 1_000 });
  // Another plugin's hook takes its time after the response.
  app.addHook('onResponse', () => new Promise((resolve) => setTimeout(resolve, 5)));
  let calls = 0;
  app.get('/', async () => ({ calls: ++calls }));
  const ask = async (): Promise<string> => (await app.inject('/')).payload;
  expect([await ask(), await ask()]).toEqual(['{"calls":1}', '{"calls":1}']);
  clock.advance(1_001);
  expect(await ask()).toBe('{"calls":1}');
  await vi.waitFor(async () => expect(await ask()).toBe('{"calls":2}'), { timeout: 30_000 });
  await app.close();
});

test('hono: staleMs needs to be told how to ask again; without it stale-while-revalidate is passed over', async () => {
  expect(() => forHono({ ...options(), staleMs: 1_000 })).toThrow('option "refresh"');
  const clock = new ManualClock();
  const cache = createCache({ name: 'http', ttlJitterRatio: 0, clock });
  const app = new Hono();
  let calls = 0;
  app.use(forHono({ cache }));
  app.get('/', (context) =>
    context.text(`${++calls}`, 200, { 'cache-control': 'max-age=1, stale-while-revalidate=60' }),
  );
  const ask = async (): Promise<string> => (await app.request('/')).text();
  expect([await ask(), await ask()]).toEqual(['1', '1']);
  clock.advance(1_001);
  expect(await ask()).toBe('2');
});

test.each([
  ['express', () => cacheResponses({ ...options(), staleMs: -1 })],
  ['hono', () => forHono({ ...options(), staleIfErrorMs: Number.NaN })],
  ['express', () => cacheResponses({ ...options(), stale: 5 } as never)],
])('%s: a wrong option is named', (_name, make) => {
  expect(make).toThrow(/option "stale/);
});

async function raw(url: string, lines: readonly string[]): Promise<string> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.end(`${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer.split('\r\n\r\n')[1] ?? '';
}

const tenants = ['tenant-a', 'tenant-b', 'tenant-a'];

test('express: behind a proxy that is trusted, sites are told apart as the application does', async () => {
  const app = express().set('trust proxy', true);
  app.get('/', cacheResponses(options()), (request, response) => {
    response.send(`${request.protocol} ${request.hostname}`);
  });
  const url = await listen(app);
  for (const tenant of tenants)
    for (const protocol of ['http', 'https']) {
      const headers = { 'x-forwarded-host': tenant, 'x-forwarded-proto': protocol };
      expect(await (await fetch(url, { headers })).text()).toBe(`${protocol} ${tenant}`);
    }
});

test.each([
  [true, 2],
  [false, 1],
])('express: a port that only the proxy names tells sites apart; trusted: %s', async (trusted, expected) => {
  const app = express().set('trust proxy', trusted);
  let calls = 0;
  app.get('/', cacheResponses(options()), (request, response) => {
    calls += 1;
    response.send(request.host);
  });
  const url = await listen(app);
  for (const host of ['shop:8443', 'shop:9443']) {
    const text = await (await fetch(url, { headers: { 'x-forwarded-host': host } })).text();
    expect(text).toBe(trusted ? host : new URL(url).host);
  }
  expect(calls).toBe(expected);
});

test('express: a router without an application is served, too', async () => {
  const router = express.Router();
  let calls = 0;
  router.get('/', cacheResponses(options()), (_request, response) => void response.end(`${++calls}`));
  const url = await listen((request, response) => router(request as never, response as never, () => {}));
  for (let time = 0; time < 2; time += 1) expect(await (await fetch(url)).text()).toBe('1');
});

test('fastify: behind a proxy that is trusted, sites are told apart as the application does', async () => {
  const app = Fastify({ trustProxy: true, forceCloseConnections: true });
  await app.register(responseCachePlugin, options());
  app.get('/', async (request) => `${request.protocol} ${request.host}`);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  for (const tenant of tenants)
    for (const protocol of ['http', 'https']) {
      const headers = { 'x-forwarded-host': tenant, 'x-forwarded-proto': protocol };
      expect(await (await fetch(url, { headers })).text()).toBe(`${protocol} ${tenant}`);
    }
  await app.close();
});

test('hono: a request that names two hosts is no answer for the visitors of one of them', async () => {
  const app = new Hono();
  app.use(forHono(options()));
  app.get('/', (context) => context.text(`${new URL(context.req.url).host} ${context.req.header('host')}`));
  // As @hono/node-server makes it of an absolute target.
  const url = await listen((request, response) => {
    const { url: target = '/', headers } = request;
    const address = target.startsWith('http') ? target : `http://${headers.host}${target}`;
    Promise.resolve(app.fetch(new Request(address, { headers: headers as Record<string, string> })))
      .then((answer) => answer.text())
      .then((text) => response.end(text));
  });
  const attack = ['GET http://victim/ HTTP/1.1', 'host: evil'];
  expect(await raw(url, attack)).toContain('victim evil');
  expect(await raw(url, ['GET / HTTP/1.1', 'host: victim'])).toContain('victim victim');
});

test('hono: an address is told apart as it was asked for, not as it would be written', async () => {
  const app = new Hono();
  app.use(forHono(options()));
  app.get('*', (context) => context.text(context.req.path));
  // Servers may hand over a request that does not put its address in order.
  const ask = async (path: string): Promise<string> => {
    const request = new Request('http://site/');
    Object.defineProperty(request, 'url', { value: `http://site${path}` });
    return (await app.fetch(request)).text();
  };
  expect(await ask('/open/../secret')).toBe('/open/../secret');
  expect(await ask('/secret')).toBe('/secret');
});
