import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createCache } from '@mainstay/cache';
import { cacheResponses } from '@mainstay/cache/express';
import { ManualClock } from '@mainstay/core';
import express, { type RequestHandler } from 'express-4';
import { afterEach, expect, test, vi } from 'vitest';

interface Visit {
  readonly url: string;
  readonly user: string | undefined;
}

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: string;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

test('this is Express 4', () => {
  expect(createRequire(import.meta.url)('express-4/package.json').version).toMatch(/^4\./);
});

/** An Express 4 application with one route behind the cache. */
async function site(
  answer: (visit: Visit, number: number) => Answer | Promise<Answer>,
  options: Partial<Parameters<typeof cacheResponses>[0]> = {},
) {
  const clock = new ManualClock();
  const cache = createCache({ name: 'express 4', ttlJitterRatio: 0, clock });
  const app = express();
  let calls = 0;
  // Who has Express 4 has its types, and ours are made of them; here both versions' are installed.
  const caching = cacheResponses({ cache, ttlMs: 10_000, ...options }) as unknown as RequestHandler;
  app.get('*', caching, (request, response, next) => {
    const visit = { url: request.originalUrl, user: request.get('x-user') };
    calls += 1;
    Promise.resolve(answer(visit, calls)).then(({ status = 200, headers = {}, body }) => {
      response.status(status).set(headers).send(body);
    }, next);
  });
  const server = createServer(app);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (path = '/', headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    fetch(url + path, { headers, method });
  return { ask, cache, clock, calls: () => calls };
}

test('a response is kept, with ETag, 304, Age and HEAD', async () => {
  const { ask, calls } = await site(() => ({ headers: { 'x-own': 'yes' }, body: 'text' }));
  const first = await ask();
  const etag = first.headers.get('etag') ?? '';
  expect([first.status, await first.text()]).toEqual([200, 'text']);
  const second = await ask();
  expect([await second.text(), second.headers.get('age'), second.headers.get('x-own')]).toEqual([
    'text',
    '0',
    'yes',
  ]);
  expect(second.headers.get('etag')).toBe(etag);
  expect((await ask('/', { 'if-none-match': etag })).status).toBe(304);
  const head = await ask('/', {}, 'HEAD');
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '4', '']);
  expect(calls()).toBe(1);
});

test('a visitor who has it already is answered with 304 by the first call of the handler', async () => {
  const { ask, calls } = await site(() => ({ body: 'text' }));
  const etag = (await ask('/other')).headers.get('etag') ?? '';
  expect((await ask('/', { 'if-none-match': etag })).status).toBe(304);
  expect(await (await ask()).text()).toBe('text');
  expect(calls()).toBe(2);
});

test.each([
  ['sets a cookie', { 'set-cookie': 'a=1' }, {}],
  ['says no-store', { 'cache-control': 'no-store' }, {}],
  ['varies by what is not in the key', { vary: 'x-tenant' }, {}],
  ['answers an authorised request', {}, { authorization: 'Bearer x' }],
])('a response that %s is not kept', async (_what, headers, asked) => {
  const { ask, calls } = await site(() => ({ headers: headers as Record<string, string>, body: 'text' }));
  for (let time = 0; time < 2; time += 1) await ask('/', asked as Record<string, string>);
  expect(calls()).toBe(2);
});

test('each user has answers of his own', async () => {
  const { ask, calls } = await site(({ user = '' }) => ({ body: user }), {
    user: (request) => request.get('x-user'),
  });
  const as = async (user: string): Promise<string> => (await ask('/', { 'x-user': user })).text();
  expect([await as('a'), await as('b'), await as('a'), await as('b')]).toEqual(['a', 'b', 'a', 'b']);
  expect(calls()).toBe(2);
});

test('a stale response is answered at once and refreshed, and bridges a handler that fails', async () => {
  const { ask, clock } = await site(
    (_visit, number) => (number === 3 ? { status: 503, body: 'down' } : { body: `${number}` }),
    { staleMs: 10_000, staleIfErrorMs: 60_000 },
  );
  const body = async (): Promise<string> => (await ask()).text();
  expect(await body()).toBe('1');
  clock.advance(10_001);
  expect(await body()).toBe('1');
  await vi.waitFor(async () => expect(await body()).toBe('2'), { timeout: 30_000 });
  clock.advance(20_001);
  const bridged = await ask();
  expect([bridged.status, await bridged.text()]).toEqual([200, '2']);
});
