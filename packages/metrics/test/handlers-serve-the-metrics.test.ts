import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { expect, test, vi } from 'vitest';
import { Metrics, nodeHandler, webHandler } from '../src/index.js';
import { readValue } from './support/parse-exposition.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => {});

function example(register?: Registry): Metrics {
  const metrics = new Metrics({ register });
  metrics.counter({ name: 'a_total', help: 'Ä.' }).inc(7);
  return metrics;
}

async function serve(metrics: Metrics, options = {}) {
  const handle = nodeHandler(metrics, options);
  const server = createServer((request, response) => {
    if (!handle(request, response)) response.writeHead(418).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, [Symbol.asyncDispose]: async () => void server.close() };
}

test('node: GET and HEAD are answered with the content type of Prometheus, other URLs are left to others', async () => {
  await using server = await serve(example());
  const response = await fetch(`${server.origin}/metrics?x=1`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(readValue(await response.text(), 'a_total')).toBe(7);
  const head = await fetch(`${server.origin}/metrics`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  expect((await fetch(`${server.origin}/metricsx`)).status).toBe(418);
  const post = await fetch(`${server.origin}/metrics`, { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('node: the path can be chosen', async () => {
  await using server = await serve(example(), { path: '/internal/metrics' });
  expect((await fetch(`${server.origin}/internal/metrics`)).status).toBe(200);
  expect((await fetch(`${server.origin}/metrics`)).status).toBe(418);
  expect(() => nodeHandler(example(), { path: 'metrics' })).toThrow(TypeError);
});

test('web: GET and HEAD are answered, 404 elsewhere, 405 for other methods', async () => {
  const handle = webHandler(example());
  const get = (path: string, method = 'GET') => handle(new Request(`http://host${path}`, { method }));
  const response = await get('/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(readValue(await response.text(), 'a_total')).toBe(7);
  expect((await get('/metrics', 'HEAD')).status).toBe(200);
  expect((await get('/')).status).toBe(404);
  expect((await get('/metrics', 'DELETE')).status).toBe(405);
});

test('metrics that cannot be rendered are a 500 that tells the visitor nothing', async () => {
  const register = new Registry();
  const handle = webHandler(example(register));
  (register as { setContentType(type: string): void }).setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const response = await handle(new Request('http://host/metrics'));
  expect([response.status, await response.text()]).toEqual([
    500,
    'The metrics cannot be rendered; the process has logged why\n',
  ]);
});
