import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { bandwidth, createFaultProxy, cutAfter, latency, slowClose, stall } from '../src/index.js';
import { aMoment, clientOf, counted, echo, serve, until } from './helpers.js';

test('latency delays each way by itself, and the bytes stay in order', async () => {
  const clock = new ManualClock();
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port }, clock, seed: 1 });
  proxy.add(latency({ ms: 100, jitterMs: 20 }), { direction: 'to-client' });
  using client = clientOf(proxy.port);
  for (let part = 0; part < 10; part++) {
    client.socket.write(counted(40_000).subarray(part * 4_000, (part + 1) * 4_000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => proxy.stats().bytesToTarget === 40_000);
  await aMoment();
  clock.advance(79);
  await aMoment();
  expect(client.received().length).toBe(0);
  clock.advance(42);
  expect((await client.has(40_000)).equals(counted(40_000))).toBe(true);
});

test('latency is a line, not a pause a chunk: everything that was sent together arrives together', async () => {
  const clock = new ManualClock();
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port }, clock });
  proxy.add(latency({ ms: 100 }), { direction: 'to-client' });
  using client = clientOf(proxy.port);
  const sent = counted(2_000_000);
  client.socket.write(sent);
  await until(() => proxy.stats().bytesToTarget === sent.length);
  await aMoment();
  clock.advance(101);
  expect((await client.has(sent.length)).equals(sent)).toBe(true);
});

test('the end travels behind the delayed bytes', async () => {
  const clock = new ManualClock();
  await using target = await serve((socket) => void socket.end('last words'));
  await using proxy = await createFaultProxy({ target: { port: target.port }, clock });
  const fault = proxy.add(latency({ ms: 100 }), { direction: 'to-client' });
  using client = clientOf(proxy.port);
  await until(() => proxy.stats().open === 1);
  await aMoment();
  expect(client.received().length).toBe(0);
  fault.remove();
  expect(await client.ended).toBe('end');
  expect(client.received().toString()).toBe('last words');
});

test('latency that is removed hands on at once what it held', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  const fault = proxy.add(latency({ ms: 3_600_000 }));
  using client = clientOf(proxy.port);
  const sent = counted(200_000);
  client.socket.write(sent);
  await until(() => proxy.stats().open === 1);
  await aMoment();
  expect(client.received().length).toBe(0);
  fault.remove();
  expect((await client.has(sent.length)).equals(sent)).toBe(true);
});

test('bandwidth lets through what the rate allows, and is exact over time', async () => {
  const clock = new ManualClock();
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port }, clock });
  proxy.add(bandwidth({ bytesPerSecond: 1_000 }), { direction: 'to-client' });
  using client = clientOf(proxy.port);
  client.socket.write(counted(10_000));
  await until(() => proxy.stats().bytesToTarget === 10_000);
  await aMoment();
  for (let tick = 0; tick < 20; tick++) clock.advance(50);
  await client.has(1_000);
  await aMoment();
  expect(client.received().length).toBe(1_000);
  for (let tick = 0; tick < 90; tick++) clock.advance(100);
  expect((await client.has(10_000)).equals(counted(10_000))).toBe(true);
});

test('bandwidth makes the sender wait', async () => {
  await using target = await serve((socket) => void socket.resume());
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  proxy.add(bandwidth({ bytesPerSecond: 1 }), { direction: 'to-target' });
  using client = clientOf(proxy.port);
  await until(() => proxy.stats().open === 1);
  client.socket.write(Buffer.alloc(64 * 2 ** 20));
  await aMoment();
  await aMoment();
  // What is not here has been taken by the proxy (64 KiB and a chunk) and by the socket buffers of the system.
  expect(client.socket.writableLength).toBeGreaterThan(32 * 2 ** 20);
});

test('a stalled connection is silent, also about its end, and goes on when the stall is removed', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using client = clientOf(proxy.port);
  client.socket.write('before ');
  await client.has(7);
  const fault = proxy.add(stall());
  const sent = counted(1_000_000);
  client.socket.end(sent);
  await aMoment();
  expect(client.received().toString()).toBe('before ');
  expect(proxy.stats().bytesToTarget).toBe(7);
  fault.remove();
  expect(await client.ended).toBe('end');
  expect(client.received().subarray(7).equals(sent)).toBe(true);
});

test('a stall in one direction leaves the other alone', async () => {
  const arrived: Buffer[] = [];
  await using target = await serve((socket) => {
    socket.write('greeting');
    socket.on('data', (chunk) => arrived.push(chunk));
  });
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  proxy.add(stall(), { direction: 'to-target' });
  using client = clientOf(proxy.port);
  client.socket.write('hello');
  expect((await client.has(8)).toString()).toBe('greeting');
  await aMoment();
  expect(arrived).toEqual([]);
  proxy.clear();
  await until(() => Buffer.concat(arrived).toString() === 'hello');
});

test('a connection that is made during a stall is accepted', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using fault = proxy.add(stall());
  using client = clientOf(proxy.port);
  await until(() => !client.socket.connecting);
  client.socket.write('x');
  await aMoment();
  expect(client.received().length).toBe(0);
  fault.remove();
  expect((await client.has(1)).toString()).toBe('x');
});

test('slowClose delays the end and nothing else', async () => {
  const clock = new ManualClock();
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port }, clock });
  proxy.add(slowClose({ ms: 500 }), { direction: 'to-client' });
  using client = clientOf(proxy.port);
  client.socket.end('bytes');
  await client.has(5);
  await aMoment();
  clock.advance(499);
  await aMoment();
  expect(client.socket.readableEnded).toBe(false);
  clock.advance(2);
  expect(await client.ended).toBe('end');
});

test.for(['fin', 'rst'] as const)(
  'cutAfter lets so many bytes through and then cuts both ends: %s',
  async (how) => {
    const ends: string[] = [];
    await using target = await serve((socket) => {
      socket.on('end', () => ends.push('fin'));
      socket.on('error', () => ends.push('rst'));
      socket.write(counted(100_000));
    });
    await using proxy = await createFaultProxy({ target: { port: target.port } });
    proxy.add(cutAfter({ bytes: 70_001, how }), { direction: 'to-client' });
    using client = clientOf(proxy.port);
    expect(await client.ended).toBe(how === 'fin' ? 'end' : 'ECONNRESET');
    expect(client.received().equals(counted(100_000).subarray(0, 70_001))).toBe(true);
    expect(proxy.stats()).toMatchObject({ bytesToClient: 70_001, cut: 1 });
    await until(() => ends.length > 0);
    expect(ends[0]).toBe(how);
  },
);

test('cutAfter counts each connection by itself and starts when it meets it', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using first = clientOf(proxy.port);
  first.socket.write('12345');
  await first.has(5);
  proxy.add(cutAfter({ bytes: 3 }), { direction: 'to-client' });
  first.socket.write('678');
  expect(await first.ended).toBe('end');
  expect(first.received().toString()).toBe('12345678');
  using second = clientOf(proxy.port);
  second.socket.write('ab');
  await second.has(2);
  second.socket.write('cd');
  expect(await second.ended).toBe('end');
  expect(second.received().toString()).toBe('abc');
});

test('cutAfter half-open: silence, and nobody is told', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  proxy.add(cutAfter({ bytes: 2, how: 'half-open' }), { direction: 'to-client' });
  using client = clientOf(proxy.port);
  client.socket.write('abcd');
  await client.has(2);
  client.socket.write('more');
  await aMoment();
  expect(client.received().toString()).toBe('ab');
  expect(client.socket.readableEnded).toBe(false);
  expect(target.sockets.size).toBe(1);
});
