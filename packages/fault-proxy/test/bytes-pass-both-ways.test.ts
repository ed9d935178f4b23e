import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createFaultProxy } from '../src/index.js';
import { aMoment, clientOf, counted, echo, serve, until } from './helpers.js';

test('bytes pass both ways, and are counted with connections and dials', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using client = clientOf(proxy.port);
  const sent = counted(1_000_000);
  client.socket.write(sent);
  expect((await client.has(sent.length)).equals(sent)).toBe(true);
  expect(proxy.stats()).toEqual({
    connections: 1,
    open: 1,
    dials: 1,
    dialErrors: 0,
    dropped: 0,
    cut: 0,
    overflowed: 0,
    bytesToTarget: sent.length,
    bytesToClient: sent.length,
    requests: 0,
    requestsFaulted: 0,
    faults: 0,
    listening: 1,
  });
  client.socket.end();
  expect(await client.ended).toBe('end');
  await until(() => proxy.stats().open === 0);
});

test('says who it is', async () => {
  await using proxy = await createFaultProxy({ target: { host: '127.0.0.1', port: 6379 }, seed: 7 });
  expect(proxy.kind).toBe('fault-proxy');
  expect(proxy.name).toBe('127.0.0.1:6379');
  expect(proxy.seed).toBe(7);
  expect(proxy.url).toBe(`tcp://127.0.0.1:${proxy.port}`);
});

test('a client that ends its half still gets the whole answer', async () => {
  await using target = await serve((socket) => {
    socket.resume();
    socket.once('end', () => socket.end(counted(300_000)));
  });
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using client = clientOf(proxy.port);
  client.socket.end('question');
  expect(await client.ended).toBe('end');
  expect(client.received().equals(counted(300_000))).toBe(true);
});

test('a target that ends its half still gets what the client goes on to send', async () => {
  const arrived: Buffer[] = [];
  await using target = await serve((socket) => {
    socket.end('hello');
    socket.on('data', (chunk) => arrived.push(chunk));
  });
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using client = clientOf(proxy.port);
  expect(await client.ended).toBe('end');
  client.socket.end('still here');
  await until(() => Buffer.concat(arrived).toString() === 'still here');
  await until(() => proxy.stats().open === 0);
});

test('a reset passes on as a reset, in both directions', async () => {
  await using target = await serve((socket) => void socket.resume());
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using first = clientOf(proxy.port);
  first.socket.write('x');
  await until(() => target.sockets.size === 1);
  await aMoment();
  const [atTarget] = target.sockets;
  atTarget?.resetAndDestroy();
  expect(await first.ended).toBe('ECONNRESET');

  using second = clientOf(proxy.port);
  await until(() => target.sockets.size === 1);
  const [again] = target.sockets;
  if (again === undefined) throw new Error('no connection at the target');
  await aMoment();
  const failed = once(again, 'error');
  second.socket.resetAndDestroy();
  expect(((await failed)[0] as NodeJS.ErrnoException).code).toBe('ECONNRESET');
  await until(() => proxy.stats().open === 0);
});

test('a target that refuses looks like one behind any proxy: accepted, then reset, and counted', async () => {
  const gone = await echo();
  await gone[Symbol.asyncDispose]();
  await using proxy = await createFaultProxy({ target: { port: gone.port } });
  const errors: string[] = [];
  proxy.on('dialError', ({ error }) => errors.push((error as NodeJS.ErrnoException).code ?? ''));
  using client = clientOf(proxy.port);
  client.socket.write('anybody there?');
  expect(await client.ended).toBe('ECONNRESET');
  await until(() => proxy.stats().open === 0);
  expect(proxy.stats()).toMatchObject({ connections: 1, dials: 1, dialErrors: 1, bytesToClient: 0 });
  expect(errors).toEqual(['ECONNREFUSED']);
});

test('a target that never answers the dial holds nobody longer than connectTimeoutMs', async () => {
  // A listener whose queue is full does not answer any more; an address that nobody has is another way to get there.
  await using proxy = await createFaultProxy({
    target: { host: '192.0.2.1', port: 9 },
    connectTimeoutMs: 50,
  });
  using client = clientOf(proxy.port);
  expect(['ECONNRESET', 'end']).toContain(await client.ended);
  await until(() => proxy.stats().open === 0);
  expect(proxy.stats().dialErrors).toBe(1);
});

test('events tell of connections', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  const seen: unknown[] = [];
  proxy.on('connection', (event) => seen.push(['connection', event]));
  proxy.on('disconnection', (event) => seen.push(['disconnection', event]));
  using client = clientOf(proxy.port);
  client.socket.end('abc');
  await client.ended;
  await until(() => seen.length === 2);
  expect(seen).toEqual([
    ['connection', { id: 1 }],
    ['disconnection', { id: 1, bytesToTarget: 3, bytesToClient: 3 }],
  ]);
});

test('no more connections than maxConnections, and the others go on', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port }, maxConnections: 1 });
  using first = clientOf(proxy.port);
  first.socket.write('a');
  await first.has(1);
  using second = clientOf(proxy.port);
  await second.ended;
  first.socket.write('b');
  await first.has(2);
  expect(proxy.stats()).toMatchObject({ overflowed: 1, connections: 1 });
});

test('close ends every connection and frees the port', async () => {
  await using target = await echo();
  const proxy = await createFaultProxy({ target: { port: target.port } });
  const clients = Array.from({ length: 20 }, () => clientOf(proxy.port));
  for (const client of clients) client.socket.write('x');
  await Promise.all(clients.map((client) => client.has(1)));
  const { port } = proxy;
  await Promise.all([proxy.close(), proxy.close()]);
  for (const client of clients) {
    client.socket.end();
    expect(['end', 'ECONNRESET']).toContain(await client.ended);
  }
  expect(proxy.stats()).toMatchObject({ open: 0, listening: 0 });
  await using again = await createFaultProxy({ target: { port: target.port }, port });
  expect(again.port).toBe(port);
});
