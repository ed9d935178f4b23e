import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { createFaultProxy, cut, drop, refuse } from '../src/index.js';
import { aMoment, type Client, clientOf, echo, serve, until } from './helpers.js';

/** A target that notes how its connections end. */
async function observed() {
  const ends: string[] = [];
  const server = await serve((socket) => {
    socket.on('end', () => ends.push('fin'));
    socket.on('error', () => ends.push('rst'));
    socket.on('data', (chunk) => socket.writable && socket.write(chunk));
  });
  return { ...server, ends };
}

async function connected(port: number): Promise<Client> {
  const client = clientOf(port);
  client.socket.write('x');
  await client.has(1);
  return client;
}

test.for(['fin', 'rst'] as const)(
  'cut ends live connections, and those that come while it is there: %s',
  async (how) => {
    await using target = await observed();
    await using proxy = await createFaultProxy({ target: { port: target.port } });
    using live = await connected(proxy.port);
    const fault = proxy.add(cut({ how }));
    expect(await live.ended).toBe(how === 'fin' ? 'end' : 'ECONNRESET');
    await until(() => target.ends.length > 0);
    expect(target.ends[0]).toBe(how);
    using next = clientOf(proxy.port);
    expect(await next.ended).toBe(how === 'fin' ? 'end' : 'ECONNRESET');
    expect(proxy.stats().cut).toBe(2);
    fault.remove();
    using after = await connected(proxy.port);
    expect(after.received().toString()).toBe('x');
  },
);

test('cut fin in one direction is a half-close: the other direction goes on', async () => {
  const arrived: string[] = [];
  await using target = await serve((socket) => {
    socket.write('x');
    socket.on('data', (chunk) => arrived.push(String(chunk)));
  });
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using client = clientOf(proxy.port);
  await client.has(1);
  proxy.add(cut({ how: 'fin' }), { direction: 'to-client' });
  expect(await client.ended).toBe('end');
  client.socket.write('still heard');
  await until(() => arrived.join('') === 'still heard');
});

test('cut rst in one direction resets that end and closes the other in order', async () => {
  await using target = await observed();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using client = await connected(proxy.port);
  proxy.add(cut({ how: 'rst' }), { direction: 'to-client' });
  expect(await client.ended).toBe('ECONNRESET');
  await until(() => target.ends.length > 0);
  expect(target.ends).toEqual(['fin']);
});

test('cut half-open: the client keeps a connection that nobody is at the other end of', async () => {
  await using target = await observed();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using client = await connected(proxy.port);
  proxy.add(cut({ how: 'half-open' }), { direction: 'to-client' });
  await until(() => target.ends.length > 0);
  expect(target.ends).toEqual(['fin']);
  client.socket.write('lost');
  await aMoment();
  expect(client.socket.readableEnded).toBe(false);
  expect(client.received().toString()).toBe('x');
  expect(proxy.stats()).toMatchObject({ open: 1, bytesToTarget: 1 });
  client.socket.end();
  await until(() => proxy.stats().open === 0);
});

test('a half-closed connection can still be cut, and an end that has said goodbye is not left dangling', async () => {
  await using target = await observed();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using first = await connected(proxy.port);
  proxy.add(cut({ how: 'fin' }), { direction: 'to-client' });
  expect(await first.ended).toBe('end');
  proxy.add(cut({ how: 'rst' }));
  await until(() => target.ends.length > 0);
  expect(target.ends).toEqual(['rst']);
  expect(proxy.stats().cut).toBe(1);
  proxy.clear();
  using second = await connected(proxy.port);
  second.socket.end();
  await until(() => target.ends.length > 1);
  proxy.add(cut({ how: 'half-open' }), { direction: 'to-client' });
  await until(() => proxy.stats().open === 0);
});

test('cut afterMs lets a connection live for a while, and spares it when the fault goes before', async () => {
  const clock = new ManualClock();
  await using target = await observed();
  await using proxy = await createFaultProxy({ target: { port: target.port }, clock });
  const fault = proxy.add(cut({ afterMs: 1_000 }));
  using first = await connected(proxy.port);
  clock.advance(999);
  using second = await connected(proxy.port);
  clock.advance(1);
  expect(await first.ended).toBe('end');
  second.socket.write('y');
  await second.has(2);
  fault.remove();
  clock.advance(5_000);
  second.socket.write('z');
  expect((await second.has(3)).toString()).toBe('xyz');
});

test('refuse is a real refusal; open connections stay; afterwards the same port listens again', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using live = await connected(proxy.port);
  const { port } = proxy;
  const first = proxy.add(refuse());
  const second = proxy.add(refuse(), { forMs: 3_600_000 });
  expect(proxy.stats().listening).toBe(0);
  using refused = clientOf(port);
  expect(await refused.ended).toBe('ECONNREFUSED');
  live.socket.write('y');
  expect((await live.has(2)).toString()).toBe('xy');
  first.remove();
  using stillRefused = clientOf(port);
  expect(await stillRefused.ended).toBe('ECONNREFUSED');
  second.remove();
  using served = await connected(port);
  expect(served.received().toString()).toBe('x');
  expect(proxy.port).toBe(port);
});

test('a proxy that is closed while it refuses stays closed', async () => {
  await using target = await echo();
  const proxy = await createFaultProxy({ target: { port: target.port } });
  const fault = proxy.add(refuse());
  await proxy.close();
  fault.remove();
  using refused = clientOf(proxy.port);
  expect(await refused.ended).toBe('ECONNREFUSED');
});

test('a port that was taken during a refusal is told, and had back when it is free', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  const fault = proxy.add(refuse());
  const thief = await createFaultProxy({ target: { port: target.port }, port: proxy.port });
  const errors: unknown[] = [];
  proxy.on('listenError', ({ error }) => errors.push(error));
  fault.remove();
  await until(() => errors.length > 0);
  expect(errors[0]).toMatchObject({ code: 'ERR_PORT_TAKEN' });
  await thief.close();
  await until(() => proxy.stats().listening === 1);
  using served = await connected(proxy.port);
  expect(served.received().toString()).toBe('x');
});

test('drop resets a share of the connections, the same ones with the same seed', async () => {
  await using target = await echo();
  const outcome = async (seed: number): Promise<string> => {
    await using proxy = await createFaultProxy({ target: { port: target.port }, seed });
    proxy.add(drop({ rate: 0.3 }));
    let outcomes = '';
    for (let index = 0; index < 60; index++) {
      using client = clientOf(proxy.port);
      client.socket.write('x');
      outcomes += await Promise.race([client.has(1).then(() => '.'), client.ended.then(() => 'D')]);
    }
    const dropped = [...outcomes].filter((one) => one === 'D').length;
    expect(proxy.stats()).toMatchObject({ connections: 60, dropped, dials: 60 - dropped });
    expect(dropped).toBeGreaterThan(5);
    expect(dropped).toBeLessThan(35);
    return outcomes;
  };
  const first = await outcome(42);
  expect(await outcome(42)).toBe(first);
  expect(await outcome(43)).not.toBe(first);
});

test('drop leaves open connections alone', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using live = await connected(proxy.port);
  proxy.add(drop());
  using dropped = clientOf(proxy.port);
  expect(await dropped.ended).toBe('ECONNRESET');
  live.socket.write('y');
  await live.has(2);
});
