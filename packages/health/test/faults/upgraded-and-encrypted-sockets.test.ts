import { createServer } from 'node:http';
import { createServer as createTlsServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect as connectTls } from 'node:tls';
import fastifyFactory from 'fastify';
import { expect, test } from 'vitest';
import { GracefulShutdown, type ServerLike } from '../../src/index.js';
import { Connection, sleep, statusOf } from './connections.js';
import { certificate, key } from './self-signed.js';

const quiet = { preStopDelayMs: 0, exit: () => {}, log: () => {} };

/** Turns a connection into one of another protocol, as a WebSocket does. */
async function upgrade(port: number): Promise<Connection> {
  const connection = await Connection.open(port);
  connection.socket.write('GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await expect.poll(() => statusOf(connection.received)).toBe(101);
  return connection;
}

const accept = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

async function echoServer() {
  const server = createServer((_, response) => response.setHeader('content-length', 2).end('ok'));
  const shutdown = new GracefulShutdown({ ...quiet, server });
  const sockets = new Set<{ end(): void }>();
  server.on('upgrade', (_, socket) => {
    sockets.add(socket);
    socket.write(accept);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, shutdown, sockets, port: (server.address() as AddressInfo).port };
}

test('upgraded sockets are left to who owns them, and do not hold the drain', async () => {
  const { shutdown, sockets, port } = await echoServer();
  const [upgraded, idle] = [await upgrade(port), await Connection.open(port)];
  expect(statusOf(await idle.get('/'))).toBe(200);
  shutdown.onClose('sockets', () => {
    for (const socket of sockets) socket.end();
  });
  shutdown.onClose('last word', () => expect(upgraded.socket.destroyed).toBe(false));
  shutdown.onClose('a moment', () => sleep(50));
  const begun = performance.now();
  const report = await shutdown.shutdown();
  await upgraded.closed;
  expect(report.steps.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done', 'done']);
  expect(report).toMatchObject({ exitCode: 0, connectionsCut: 0 });
  expect(performance.now() - begun).toBeLessThan(3_000);
});

test('upgraded sockets that nobody closes are cut at the end, and said so (closeAllConnections does not reach them)', async () => {
  const { shutdown, port } = await echoServer();
  const upgraded = await upgrade(port);
  expect(await shutdown.shutdown()).toMatchObject({ exitCode: 1, connectionsCut: 1 });
  await upgraded.closed;
});

test('watching a server for upgrades does not make it take them: without a listener Upgrade is a header like any other', async () => {
  const server = createServer((_, response) => response.setHeader('content-length', 2).end('ok'));
  const shutdown = new GracefulShutdown({ ...quiet, server });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  expect(server.listenerCount('upgrade')).toBe(0);
  const { port } = server.address() as AddressInfo;
  const connection = await Connection.open(port);
  connection.socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await expect.poll(() => statusOf(connection.received)).toBe(200);
  await shutdown.shutdown();
});

test('Fastify: preClose hooks close their sockets, so nothing has to be cut', async () => {
  const app = fastifyFactory();
  const shutdown = new GracefulShutdown({ ...quiet, server: app });
  const sockets = new Set<{ end(): void }>();
  app.server.on('upgrade', (_, socket) => {
    sockets.add(socket);
    socket.write(accept);
  });
  app.addHook('preClose', async () => {
    for (const socket of sockets) socket.end();
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  await upgrade((app.server.address() as AddressInfo).port);
  expect(await shutdown.shutdown()).toMatchObject({ exitCode: 0, connectionsCut: 0 });
});

test('Fastify: without such a hook close() waits for them for ever; they are cut, and the other hooks run', async () => {
  const app = fastifyFactory();
  const shutdown = new GracefulShutdown({ ...quiet, server: app, closeTimeoutMs: 200 });
  app.server.on('upgrade', (_, socket) => socket.write(accept));
  let hookRan = false;
  app.addHook('onClose', async () => {
    hookRan = true;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const upgraded = await upgrade((app.server.address() as AddressInfo).port);
  expect(await shutdown.shutdown()).toMatchObject({ exitCode: 1, connectionsCut: 1 });
  await upgraded.closed;
  expect(hookRan).toBe(true);
});

test('https: a reply in flight, an idle socket, one that never asked and one amid its handshake', async () => {
  const server = createTlsServer({ key, cert: certificate }, async (_, response) => {
    await sleep(300);
    response.end('done');
  });
  const shutdown = new GracefulShutdown({ ...quiet, server: server as ServerLike, drainTimeoutMs: 5_000 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const unused = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const unusedGone = new Promise((resolve) => unused.on('close', resolve));
  await new Promise((resolve) => unused.once('secureConnect', resolve));
  const halfway = await Connection.open(port);
  const reply = new Promise<{ status: number | undefined; connection: string | undefined }>(
    (resolve, reject) => {
      const options = {
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        headers: { connection: 'keep-alive' },
      };
      request(options, (response) => {
        response.resume();
        response.on('end', () =>
          resolve({ status: response.statusCode, connection: response.headers.connection }),
        );
      })
        .on('error', reject)
        .end();
    },
  );
  await sleep(100);
  const begun = performance.now();
  const report = await shutdown.shutdown();
  expect(await reply).toEqual({ status: 200, connection: 'close' });
  expect(report).toMatchObject({ exitCode: 0, connectionsCut: 0 });
  await unusedGone;
  await halfway.closed;
  expect(performance.now() - begun).toBeLessThan(4_000);
});
