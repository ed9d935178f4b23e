import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { Redis } from 'ioredis';
import pg from 'pg';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Services, startServices } from '../../../scripts/services/index.mjs';
import { createFaultProxy, cut, latency, refuse, stall } from '../src/index.js';
import { aMoment, until } from './helpers.js';
import { certificate, key } from './self-signed.js';

let services: Services;

beforeAll(async () => {
  services = await startServices({ postgres: true, redis: true });
}, 120_000);
afterAll(() => services?.close());

function missing(name: string): string {
  const part = services.skipped.find((one) => one.name === name);
  return `${name}: ${part?.reason ?? 'not to be had'}`;
}

test('pg: queries, a stall with a timeout, a cut, and all well again', async (context) => {
  const { postgres } = services;
  if (!postgres) return context.skip(missing('postgres'));
  await using proxy = await createFaultProxy({ target: { port: postgres.port } });
  const url = new URL(postgres.url);
  url.port = String(proxy.port);
  const pool = new pg.Pool({ connectionString: url.href, max: 2 });
  const poolErrors: Error[] = [];
  pool.on('error', (error) => poolErrors.push(error));
  const big =
    'select sum(length(s)) as bytes from (select repeat(i::text, 100) as s from generate_series(1, 2000) i) t';
  expect(Number((await pool.query(big)).rows[0].bytes)).toBe(689_300);

  const silence = proxy.add(stall());
  const impatient = { text: 'select 1', query_timeout: 150 };
  await expect(pool.query(impatient)).rejects.toThrow(/timeout/i);
  silence.remove();
  expect((await pool.query('select 2 as two')).rows).toEqual([{ two: 2 }]);

  const slow = proxy.add(latency({ ms: 20, jitterMs: 5 }));
  const rows = await pool.query('select i from generate_series(1, 1000) i');
  expect(rows.rows.map(({ i }) => i)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  slow.remove();

  const client = await pool.connect();
  client.on('error', () => {});
  const running = client.query('select pg_sleep(0.1)');
  using _cut = proxy.add(cut({ how: 'rst' }));
  await expect(running).rejects.toThrow();
  client.release(true);
  proxy.clear();
  expect((await pool.query('select 3 as three')).rows).toEqual([{ three: 3 }]);
  await pool.end();
  await until(() => proxy.stats().open === 0);
});

test('ioredis: commands in order, a stall, a refusal, and back by itself', async (context) => {
  const { redis } = services;
  if (!redis) return context.skip(missing('redis'));
  await using proxy = await createFaultProxy({ target: { port: redis.port } });
  const client = new Redis({
    port: proxy.port,
    host: '127.0.0.1',
    retryStrategy: () => 20,
    commandTimeout: 30_000,
  });
  client.on('error', () => {});
  const numbers = await Promise.all(Array.from({ length: 500 }, () => client.incr('counter')));
  expect(numbers).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));

  const silence = proxy.add(stall());
  let answered = false;
  const pending = client.get('counter').then((value) => {
    answered = true;
    return value;
  });
  await aMoment();
  expect(answered).toBe(false);
  silence.remove();
  expect(await pending).toBe('500');

  const down = proxy.add(refuse());
  const cutting = proxy.add(cut({ how: 'rst' }));
  await until(() => client.status === 'reconnecting');
  cutting.remove();
  down.remove();
  expect(await client.get('counter')).toBe('500');
  client.disconnect();
});

test('undici: keep-alive, large bodies both ways', async () => {
  const server = createHttpServer((incoming, response) => void incoming.pipe(response)).listen(
    0,
    '127.0.0.1',
  );
  await until(() => server.listening);
  await using proxy = await createFaultProxy({ target: { port: (server.address() as AddressInfo).port } });
  const agent = new Agent({ connections: 2 });
  const body = Buffer.alloc(5_000_000, 'mainstay ');
  using _slow = proxy.add(latency({ ms: 5, jitterMs: 5 }));
  for (let round = 0; round < 3; round++) {
    const answer = await request(`http://127.0.0.1:${proxy.port}/`, {
      method: 'POST',
      body,
      dispatcher: agent,
    });
    expect(Buffer.from(await answer.body.arrayBuffer()).equals(body)).toBe(true);
  }
  expect(proxy.stats().connections).toBeLessThanOrEqual(2);
  await agent.close();
  server.closeAllConnections();
  server.close();
});

test('a WebSocket: messages in order through a stall, and a half-open end that its ping finds', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data) => socket.send(String(data)));
  });
  await until(() => server.address() !== null);
  await using proxy = await createFaultProxy({ target: { port: (server.address() as AddressInfo).port } });
  const client = new WebSocket(`ws://127.0.0.1:${proxy.port}`);
  const got: string[] = [];
  let pongs = 0;
  client.on('message', (data) => got.push(String(data)));
  client.on('pong', () => {
    pongs += 1;
  });
  await until(() => client.readyState === WebSocket.OPEN);
  const silence = proxy.add(stall());
  for (let index = 0; index < 200; index++) client.send(`message ${index}`);
  await aMoment();
  expect(got).toEqual([]);
  silence.remove();
  await until(() => got.length === 200);
  expect(got).toEqual(Array.from({ length: 200 }, (_, index) => `message ${index}`));
  client.ping();
  await until(() => pongs === 1);
  proxy.add(cut({ how: 'half-open' }), { direction: 'to-client' });
  client.ping();
  await aMoment();
  expect(pongs).toBe(1);
  expect(client.readyState).toBe(WebSocket.OPEN);
  client.terminate();
  server.close();
});

test('TLS: the handshake and the bytes pass untouched; a cut is seen as such', async () => {
  const server = createTlsServer({ key, cert: certificate }, (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await until(() => server.listening);
  await using proxy = await createFaultProxy({ target: { port: (server.address() as AddressInfo).port } });
  using _slow = proxy.add(latency({ ms: 10, jitterMs: 10 }));
  const client = connectTls({
    port: proxy.port,
    host: '127.0.0.1',
    ca: certificate,
    servername: 'localhost',
  });
  const body = Buffer.alloc(1_000_000, 'secret ');
  const chunks: Buffer[] = [];
  client.on('data', (chunk) => chunks.push(chunk));
  let failure: NodeJS.ErrnoException | undefined;
  client.on('error', (error) => {
    failure = error;
  });
  client.write(body);
  await until(() => failure !== undefined || Buffer.concat(chunks).length === body.length);
  expect(failure).toBeUndefined();
  expect(client.authorized).toBe(true);
  expect(Buffer.concat(chunks).equals(body)).toBe(true);
  proxy.add(cut({ how: 'rst' }));
  await until(() => failure !== undefined);
  expect(failure?.code).toBe('ECONNRESET');
  server.close();
});
