import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { createFaultProxy, latency, stall } from '../src/index.js';
import { aMoment, clientOf, echo, until } from './helpers.js';

test('faults add up, and each goes by itself', async () => {
  const clock = new ManualClock();
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port }, clock });
  proxy.add(latency({ ms: 100 }), { direction: 'to-client' });
  const second = proxy.add(latency({ ms: 50 }), { direction: 'to-client' });
  using client = clientOf(proxy.port);
  client.socket.write('x');
  await until(() => proxy.stats().bytesToTarget === 1);
  await aMoment();
  clock.advance(101);
  await aMoment();
  expect(client.received().length).toBe(0);
  second.remove();
  await client.has(1);
});

test('a fault for a while goes by itself, for connections that are open too', async () => {
  const clock = new ManualClock();
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port }, clock });
  const gone: number[] = [];
  proxy.on('faultRemoved', ({ fault }) => gone.push(fault.id));
  const fault = proxy.add(stall(), { forMs: 5_000 });
  using client = clientOf(proxy.port);
  client.socket.write('x');
  await until(() => proxy.stats().open === 1);
  await aMoment();
  clock.advance(4_000);
  expect(fault).toMatchObject({ active: true, remainingMs: 1_000 });
  expect(JSON.parse(JSON.stringify(fault))).toEqual({
    id: 1,
    type: 'stall',
    direction: 'both',
    remainingMs: 1_000,
  });
  clock.advance(1_001);
  expect(fault).toMatchObject({ active: false, remainingMs: 0 });
  await client.has(1);
  fault.remove();
  expect(gone).toEqual([1]);
  expect(proxy.faults).toEqual([]);
});
