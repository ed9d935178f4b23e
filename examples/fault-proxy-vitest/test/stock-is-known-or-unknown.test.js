// The client talks to the service through a proxy, and the proxy is told what to break.
import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  createFaultProxy,
  cut,
  cutAfter,
  garbage,
  httpError,
  latency,
  refuse,
  stall,
  truncatedBody,
} from '@mainstay/fault-proxy';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { stockClient } from '../stock-client.js';

const service = createServer((_request, response) => response.end('300'));
/** Where an answer is expected: a busy machine is no fault of the network. */
const patient = { timeoutMs: 10_000 };
/** @type {import('@mainstay/fault-proxy').FaultProxy} */
let proxy;
/** @type {ReturnType<typeof stockClient>} */
let stock;

beforeAll(async () => {
  await once(service.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (service.address());
  proxy = await createFaultProxy({ target: { port }, http: true, seed: 1 });
  stock = stockClient(proxy.url);
});
afterEach(() => proxy.clear());
afterAll(async () => {
  await proxy.close();
  service.close();
});

test('a network that works: the count', async () => {
  expect(await stock.count('lamp', patient)).toBe(300);
});

describe.each([
  ['nothing listens', refuse()],
  ['the connection is reset', cut({ how: 'rst' })],
  ['the connection ends in the middle of the head', cutAfter({ bytes: 20 })],
  ['silence', stall()],
  ['slower than the limit', latency({ ms: 2_000 })],
  ['an error page', httpError({ status: 503, body: '<h1>Sorry</h1>' })],
  ['half a body', truncatedBody({ bytes: 1 })],
  ['bytes that are no HTTP', garbage()],
])('%s', (_what, fault) => {
  test('unknown, and known again when it is over', async () => {
    proxy.add(fault);
    expect(await stock.count('lamp')).toBe('unknown');
    proxy.clear();
    expect(await stock.count('lamp', patient)).toBe(300);
  });
});
