import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { expect, test, vi } from 'vitest';
import metricsPlugin from '../src/fastify.js';
import { Metrics } from '../src/index.js';
import { parseExposition, readValue } from './support/parse-exposition.js';

const count = 'http_request_duration_seconds_count';

async function start(options = {}) {
  const metrics = new Metrics();
  const app = Fastify();
  await app.register(metricsPlugin, { metrics, ...options });
  return { metrics, app, scrape: () => metrics.render(), [Symbol.asyncDispose]: () => app.close() };
}

/** `close` of a response comes a little after its last byte. */
const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 10 });

test('requests are measured by method, route pattern and status', async () => {
  await using server = await start();
  const { app } = server;
  app.get('/users/:id', async () => 'x');
  app.post('/users/:id', async (_request, reply) => reply.code(201).send('x'));
  app.get('/fails', async () => {
    throw new Error('no');
  });
  await app.register(async (scope) => void scope.get('/deep/*', async () => 'x'), { prefix: '/scope' });
  for (const id of [1, 2, 3]) await app.inject(`/users/${id}?secret=x`);
  await app.inject({ method: 'POST', url: '/users/1' });
  await app.inject('/fails');
  await app.inject('/scope/deep/a/b');
  await eventually(async () => {
    const text = await server.scrape();
    expect(readValue(text, count, { method: 'GET', route: '/users/:id', status: '200' })).toBe(3);
    expect(readValue(text, count, { method: 'POST', route: '/users/:id', status: '201' })).toBe(1);
    expect(readValue(text, count, { method: 'GET', route: '/fails', status: '500' })).toBe(1);
    expect(readValue(text, count, { method: 'GET', route: '/scope/deep/*', status: '200' })).toBe(1);
    expect(readValue(text, 'http_requests_in_flight')).toBe(0);
  });
});

test('what matches no route is "unmatched", however many URLs come', async () => {
  await using server = await start();
  for (let attempt = 0; attempt < 50; attempt++) await server.app.inject(`/wp-admin/${attempt}`);
  await eventually(async () => {
    const text = await server.scrape();
    expect(readValue(text, count, { method: 'GET', route: 'unmatched', status: '404' })).toBe(50);
    expect(text).not.toContain('wp-admin');
  });
});

test('a handler of its own for 404 does not bring URLs back', async () => {
  await using server = await start();
  server.app.setNotFoundHandler(async (_request, reply) => reply.code(410).send('gone'));
  await server.app.inject('/nothing/here');
  await eventually(async () => {
    expect(
      readValue(await server.scrape(), count, { method: 'GET', route: 'unmatched', status: '410' }),
    ).toBe(1);
  });
});

test('GET /metrics serves everything, and the request that is being answered is in flight', async () => {
  await using server = await start({ buckets: [0.5, 5] });
  const response = await server.app.inject('/metrics');
  expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(readValue(response.body, 'http_requests_in_flight')).toBe(1);
  expect((await server.app.inject({ method: 'HEAD', url: '/metrics' })).statusCode).toBe(200);
  const buckets = parseExposition(await server.scrape()).get('http_request_duration_seconds')?.samples;
  expect(new Set(buckets?.map(({ labels }) => labels.le).filter(Boolean))).toEqual(
    new Set(['0.5', '5', '+Inf']),
  );
});

test('the path can be chosen, or left out', async () => {
  await using chosen = await start({ path: '/internal/metrics' });
  expect((await chosen.app.inject('/internal/metrics')).statusCode).toBe(200);
  expect((await chosen.app.inject('/metrics')).statusCode).toBe(404);
  await using none = await start({ path: false });
  expect((await none.app.inject('/metrics')).statusCode).toBe(404);
});

test('a client that goes away before the answer is counted as aborted, and is in flight no more', async () => {
  await using server = await start();
  const { app } = server;
  let answer = () => {};
  let sent = () => {};
  app.addHook('onSend', async () => sent());
  app.get('/slow/:id', async () => {
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return 'x';
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const client = httpRequest({ port, host: '127.0.0.1', path: '/slow/1' });
  client.on('error', () => {});
  client.end();
  await eventually(async () => expect(readValue(await server.scrape(), 'http_requests_in_flight')).toBe(1));
  client.destroy();
  await eventually(async () => {
    const text = await server.scrape();
    expect(readValue(text, 'http_requests_aborted_total', { method: 'GET', route: '/slow/:id' })).toBe(1);
    expect(readValue(text, 'http_requests_in_flight')).toBe(0);
  });
  const replied = new Promise<void>((resolve) => {
    sent = resolve;
  });
  answer();
  await replied;
  const text = await server.scrape();
  expect(text).not.toContain(`${count}{method="GET",route="/slow/:id"`);
  expect(readValue(text, 'http_requests_in_flight')).toBe(0);
});

test('over a real connection that is kept alive, each request is counted once', async () => {
  await using server = await start();
  server.app.get('/x', async () => 'x');
  const origin = await server.app.listen({ port: 0, host: '127.0.0.1' });
  for (let turn = 0; turn < 20; turn++) await (await fetch(`${origin}/x`)).text();
  await eventually(async () => {
    const text = await server.scrape();
    expect(readValue(text, count, { method: 'GET', route: '/x', status: '200' })).toBe(20);
    expect(readValue(text, 'http_requests_in_flight')).toBe(0);
  });
});

test('a reply that is hijacked is measured when its connection is done', async () => {
  await using server = await start();
  server.app.get('/events', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.end('data: x\n\n');
  });
  const origin = await server.app.listen({ port: 0, host: '127.0.0.1' });
  await (await fetch(`${origin}/events`)).text();
  await eventually(async () => {
    expect(readValue(await server.scrape(), count, { method: 'GET', route: '/events', status: '200' })).toBe(
      1,
    );
  });
});

test('two servers of one process share the metrics; other buckets for the second are an error', async () => {
  await using server = await start({ path: false });
  const other = Fastify();
  await other.register(metricsPlugin, { metrics: server.metrics });
  await server.app.inject('/x');
  await other.inject('/x');
  await eventually(async () => {
    expect(
      readValue(await server.scrape(), count, { method: 'GET', route: 'unmatched', status: '404' }),
    ).toBe(2);
  });
  await other.close();
  const third = Fastify();
  await expect(third.register(metricsPlugin, { metrics: server.metrics, buckets: [1] })).rejects.toThrow(
    'other buckets',
  );
});

test('wrong options of the plugin are refused with a clear message', async () => {
  for (const options of [
    {},
    { metrics: {} },
    { metrics: new Metrics(), path: 'metrics' },
    { metrics: new Metrics(), paht: '/x' },
  ]) {
    await expect(Fastify().register(metricsPlugin, options as never)).rejects.toThrow(/metricsPlugin: /);
  }
});
