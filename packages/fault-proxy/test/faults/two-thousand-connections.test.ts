import { expect, test } from 'vitest';
import { createFaultProxy, latency, stall } from '../../src/index.js';
import { type Client, clientOf, echo, until } from '../helpers.js';
import { proxyProcess } from './proxy-process.js';

const COUNT = 2_000;

async function connectAll(port: number): Promise<Client[]> {
  const clients = Array.from({ length: COUNT }, () => clientOf(port));
  for (const [index, client] of clients.entries()) client.socket.write(`number ${index}`);
  return clients;
}

test('2,000 connections at once, each gets its own bytes, and afterwards the process ends by itself', async () => {
  await using target = await echo();
  await using proxy = await proxyProcess(target.port);
  const clients = await connectAll(proxy.port);
  for (const [index, client] of clients.entries()) {
    const expected = `number ${index}`;
    expect((await client.has(expected.length)).toString()).toBe(expected);
  }
  expect(await proxy.stats()).toMatchObject({ connections: COUNT, open: COUNT, dials: COUNT, dialErrors: 0 });
  for (const client of clients) client.socket.end();
  let open = COUNT;
  while (open > 0) ({ open } = await proxy.stats());
  expect(await proxy.close()).toBe(0);
});

test('2,000 stalled and delayed connections go on when the faults go, on one timer', async () => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  proxy.add(latency({ ms: 20, jitterMs: 10 }));
  const silence = proxy.add(stall());
  const clients = await connectAll(proxy.port);
  await until(() => proxy.stats().open === COUNT && target.sockets.size === COUNT);
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  expect(timers).toBeLessThan(50);
  expect(proxy.stats().bytesToTarget).toBe(0);
  silence.remove();
  for (const [index, client] of clients.entries()) {
    const expected = `number ${index}`;
    expect((await client.has(expected.length)).toString()).toBe(expected);
  }
  await proxy.close();
  expect(proxy.stats().open).toBe(0);
  for (const client of clients) client.socket.destroy();
});
