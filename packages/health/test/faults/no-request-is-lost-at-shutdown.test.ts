import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastifyFactory, { type FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import healthPlugin from '../../src/fastify.js';
import {
  GracefulShutdown,
  type GracefulShutdownOptions,
  HealthChecks,
  nodeHandler,
} from '../../src/index.js';
import { Connection, refuses, sleep, statusOf } from './connections.js';

interface Running {
  port: number;
  health: HealthChecks;
  server: Server | FastifyInstance;
}

async function plain(): Promise<Running> {
  const health = new HealthChecks({ name: 'plain' });
  const handle = nodeHandler(health);
  const server = createServer(async (request, response) => {
    if (handle(request, response)) return;
    await sleep(Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('ms')));
    response.setHeader('content-length', 4).end('done');
  });
  return { health, server, port: 0 };
}

const fastify =
  (options: { forceCloseConnections?: 'idle' | boolean } = {}) =>
  async (): Promise<Running> => {
    const health = new HealthChecks({ name: 'fastify' });
    const server = fastifyFactory(options);
    await server.register(healthPlugin, { health });
    server.get<{ Querystring: { ms?: string } }>('/work', async ({ query }) => {
      await sleep(Number(query.ms ?? 0));
      return 'done';
    });
    return { health, server, port: 0 };
  };

async function started(make: () => Promise<Running>, options: GracefulShutdownOptions = {}) {
  const running = await make();
  const { server, health } = running;
  const shutdown = new GracefulShutdown({
    server,
    health,
    preStopDelayMs: 0,
    exit: () => {},
    log: () => {},
    ...options,
  });
  const http = 'server' in server ? server.server : server;
  if ('server' in server) await server.listen({ port: 0, host: '127.0.0.1' });
  else await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { ...running, shutdown, http, port: (http.address() as AddressInfo).port };
}

describe.each([
  ['node:http', plain],
  ['Fastify', fastify()],
  [
    'Fastify, forceCloseConnections: "idle" (by itself still up after 8 s)',
    fastify({ forceCloseConnections: 'idle' }),
  ],
])('%s', (_, make) => {
  test('idle keep-alive sockets and a request in flight: answered with Connection: close, and gone right after', async () => {
    const { shutdown, port } = await started(make);
    const idle = await Promise.all(Array.from({ length: 5 }, () => Connection.open(port)));
    for (const connection of idle) expect(statusOf(await connection.get('/work'))).toBe(200);
    const busy = await Connection.open(port);
    const inFlight = busy.get('/work?ms=700');
    await sleep(100);
    const begun = performance.now();
    const report = shutdown.shutdown('deploy');
    await Promise.all(idle.map(({ closed }) => closed));
    expect(performance.now() - begun).toBeLessThan(500);
    expect(await refuses(port)).toBe(true);
    const reply = await inFlight;
    expect(statusOf(reply)).toBe(200);
    expect(reply).toMatch(/connection: close/i);
    expect(await report).toMatchObject({ exitCode: 0, connectionsCut: 0 });
    // The peers that promise keep-alive to the last reply wait for its socket: 5 s with node, 72 s with Fastify.
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  test('during the delay readiness is 503, liveness 200 and requests are served; during the drain liveness stays 200', async () => {
    const { shutdown, port } = await started(make, { preStopDelayMs: 400 });
    const [probe, busy] = await Promise.all([Connection.open(port), Connection.open(port)]);
    const inFlight = busy.get('/work?ms=900');
    await sleep(50);
    const report = shutdown.shutdown('SIGTERM');
    expect(statusOf(await probe.get('/health/ready?x=1'))).toBe(503);
    expect(statusOf(await probe.get('/health/live'))).toBe(200);
    expect(statusOf(await probe.get('/work'))).toBe(200);
    expect(await refuses(port)).toBe(false);
    // Half a request when the server stops accepting: its socket is not idle, and the other half is served.
    probe.received = '';
    probe.socket.write('GET /health/live HTTP/1.1\r\nHost: ');
    await sleep(450);
    expect(await refuses(port)).toBe(true);
    probe.socket.write('localhost\r\n\r\n');
    await probe.closed;
    expect(statusOf(probe.received)).toBe(200);
    expect(probe.received).toMatch(/connection: close/i);
    expect(statusOf(await inFlight)).toBe(200);
    expect(await report).toMatchObject({ exitCode: 0 });
  });

  test('a socket that never sent a request does not hold the shutdown (closeIdleConnections leaves it open)', async () => {
    const { shutdown, port } = await started(make);
    const unused = await Connection.open(port);
    await sleep(50);
    const begun = performance.now();
    expect(await shutdown.shutdown()).toMatchObject({ exitCode: 0, connectionsCut: 0 });
    await unused.closed;
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  test('a request that never ends is cut at the deadline, dependencies are closed all the same, and the exit code is 1', async () => {
    const { shutdown, port } = await started(make, { drainTimeoutMs: 300 });
    let closed = false;
    shutdown.onClose('database', () => {
      closed = true;
    });
    const hung = await Connection.open(port);
    const reply = hung.get('/work?ms=60000');
    await sleep(100);
    const begun = performance.now();
    const report = await shutdown.shutdown();
    expect(report).toMatchObject({ exitCode: 1, forced: false, connectionsCut: 1 });
    expect(report.steps[0]).toMatchObject({ name: 'drain', outcome: 'timed-out' });
    expect(report.steps[0]?.message).toContain('1 requests in flight');
    expect(closed).toBe(true);
    expect(statusOf(await reply)).toBe(0);
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  test('a server that never listened shuts down as well, and its listeners are taken off', async () => {
    const { server, health } = await make();
    const http = 'server' in server ? server.server : server;
    const before = http.listenerCount('request') + http.listenerCount('connection');
    const shutdown = new GracefulShutdown({
      server,
      health,
      preStopDelayMs: 0,
      exit: () => {},
      log: () => {},
    });
    expect(await shutdown.shutdown()).toMatchObject({ exitCode: 0 });
    expect(http.listenerCount('request') + http.listenerCount('connection')).toBe(before);
  });
});

test('Fastify: its onClose hooks run once the requests are done, before the dependencies are closed', async () => {
  const order: string[] = [];
  const { shutdown, port, server } = await started(async () => {
    const running = await fastify()();
    const app = running.server as FastifyInstance;
    // Seen from the server: when the visitor's own process reads the reply is not the server's affair.
    app.addHook('onRequest', async (_request, { raw }) => {
      raw.once('finish', () => order.push('reply sent'));
    });
    app.addHook('onClose', async () => {
      order.push('onClose hook');
    });
    return running;
  });
  shutdown.onClose('database', () => order.push('database'));
  const busy = await Connection.open(port);
  const inFlight = busy.get('/work?ms=300');
  await sleep(50);
  expect(await shutdown.shutdown()).toMatchObject({ exitCode: 0 });
  expect(order).toEqual(['reply sent', 'onClose hook', 'database']);
  expect(statusOf(await inFlight)).toBe(200);
  expect('server' in server && server.server.listening).toBe(false);
});

test('Fastify on localhost: the servers that it opened for other addresses are drained too', async () => {
  const { server, health } = await fastify()();
  const app = server as FastifyInstance;
  const shutdown = new GracefulShutdown({
    server: app,
    health,
    preStopDelayMs: 0,
    exit: () => {},
    log: () => {},
  });
  await app.listen({ port: 0, host: 'localhost' });
  const { port } = app.server.address() as AddressInfo;
  const reply = fetch(`http://localhost:${port}/work?ms=200`);
  await sleep(50);
  expect(await shutdown.shutdown()).toMatchObject({ exitCode: 0 });
  expect((await reply).status).toBe(200);
});
