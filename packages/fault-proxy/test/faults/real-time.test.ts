import { expect, test } from 'vitest';
import { startServices } from '../../../../scripts/services/index.mjs';
import { bandwidth, createFaultProxy, cut, freeze, latency, slowClose, stall } from '../../src/index.js';
import { clientOf, counted, echo, serve, until } from '../helpers.js';

test('latency in real time: never less, and not much more', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  proxy.add(latency({ ms: 50 }));
  using client = clientOf(proxy.port);
  const times: number[] = [];
  for (let round = 1; round <= 20; round++) {
    const start = performance.now();
    client.socket.write('x');
    await client.has(round);
    times.push(performance.now() - start);
  }
  const median = times.sort((a, b) => a - b)[10] as number;
  expect(times[0]).toBeGreaterThanOrEqual(99);
  expect(median).toBeLessThan(150);
});

test('latency keeps the throughput: 100 ms and 20 MB take nowhere near 100 ms a chunk', async () => {
  const payload = counted(20_000_000);
  await using target = await serve((socket) => void socket.end(payload));
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  proxy.add(latency({ ms: 100, inFlightBytes: 2 ** 25 }), { direction: 'to-client' });
  const start = performance.now();
  using client = clientOf(proxy.port);
  expect(await client.ended).toBe('end');
  expect(client.received().equals(payload)).toBe(true);
  expect(performance.now() - start).toBeLessThan(5_000);
});

test('bandwidth in real time: 1 MB at 500 KB a second takes two seconds', async () => {
  const payload = counted(1_000_000);
  await using target = await serve((socket) => void socket.end(payload));
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  proxy.add(bandwidth({ bytesPerSecond: 500_000 }), { direction: 'to-client' });
  const start = performance.now();
  using client = clientOf(proxy.port);
  expect(await client.ended).toBe('end');
  const tookMs = performance.now() - start;
  expect(client.received().equals(payload)).toBe(true);
  expect(tookMs).toBeGreaterThan(1_950);
  expect(tookMs).toBeLessThan(4_000);
});

test('stall for a while, slowClose and cut afterMs in real time', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  proxy.add(stall(), { forMs: 300 });
  using client = clientOf(proxy.port);
  let start = performance.now();
  client.socket.write('x');
  await client.has(1);
  expect(performance.now() - start).toBeGreaterThanOrEqual(250);
  proxy.add(slowClose({ ms: 300 }), { direction: 'to-client' });
  start = performance.now();
  client.socket.end();
  expect(await client.ended).toBe('end');
  expect(performance.now() - start).toBeGreaterThanOrEqual(290);
  proxy.clear();
  proxy.add(cut({ how: 'rst', afterMs: 200 }));
  start = performance.now();
  using second = clientOf(proxy.port);
  expect(await second.ended).toBe('ECONNRESET');
  expect(performance.now() - start).toBeGreaterThanOrEqual(180);
});

test('a frozen Redis accepts and is silent through the proxy, and answers when it is thawed', async (context) => {
  await using services = await startServices({ redis: true });
  const { redis } = services;
  if (!redis) return context.skip(`redis: ${services.skipped[0]?.reason ?? 'not to be had'}`);
  await using proxy = await createFaultProxy({ target: { port: redis.port } });
  using client = clientOf(proxy.port);
  client.socket.write('PING\r\n');
  expect((await client.has(7)).toString()).toBe('+PONG\r\n');
  {
    await using _frozen = freeze(redis.pid);
    using second = clientOf(proxy.port);
    await until(() => !second.socket.connecting);
    client.socket.write('PING\r\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(client.received().length).toBe(7);
  }
  expect((await client.has(14)).toString()).toBe('+PONG\r\n+PONG\r\n');
});
