import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from 'vitest';
import {
  bandwidth,
  createFaultProxy,
  cut,
  cutAfter,
  drop,
  type Fault,
  garbage,
  httpError,
  latency,
  refuse,
  slowBody,
  slowClose,
  slowHeaders,
  stall,
  truncatedBody,
  wrongContentLength,
} from '../../src/index.js';
import { randomFrom } from '../../src/random.js';
import { clientOf, serve, until } from '../helpers.js';

const onBytes: Fault[] = [
  latency({ ms: 10, jitterMs: 10 }),
  bandwidth({ bytesPerSecond: 50_000 }),
  stall(),
  slowClose({ ms: 20 }),
  cutAfter({ bytes: 5_000 }),
  cutAfter({ bytes: 5_000, how: 'rst' }),
  cutAfter({ bytes: 5_000, how: 'half-open' }),
  cut({ afterMs: 30 }),
  cut({ how: 'rst', afterMs: 30 }),
  cut({ how: 'half-open', afterMs: 30 }),
  refuse(),
  drop({ rate: 0.5 }),
];
const onRequests: Fault[] = [
  httpError({ rate: 0.3 }),
  garbage({ rate: 0.3 }),
  slowHeaders({ ms: 30, rate: 0.5 }),
  slowBody({ bytesPerSecond: 100_000, rate: 0.5 }),
  truncatedBody({ bytes: 100, rate: 0.3 }),
  wrongContentLength({ rate: 0.3 }),
];
const directions = ['both', 'to-target', 'to-client'] as const;

/** Ends a socket in one of the ways in which sockets end. */
function end(socket: Socket, draw: number): void {
  if (draw < 0.3) socket.end();
  else if (draw < 0.6) socket.destroy();
  else if (draw < 0.9 && !socket.connecting && !socket.writableEnded) socket.resetAndDestroy();
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test.for([1, 2, 3])(
  'all faults, all ways to end, both sides at random: nothing uncaught, nothing left open, it still works (%i)',
  async (seed) => {
    const draw = randomFrom(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(draw() * from.length)] as T;
    let calm = false;
    await using target = await serve((socket) => {
      socket.on('data', (chunk) => socket.writable && socket.write(chunk));
      socket.on('end', () => socket.end());
      if (!calm && draw() < 0.5) setTimeout(() => end(socket, draw()), draw() * 100);
    });
    await using proxy = await createFaultProxy({ target: { port: target.port }, seed });
    const clients = [];
    for (let round = 0; round < 300; round++) {
      const fault = pick(onBytes);
      const direction = fault.type === 'refuse' || fault.type === 'drop' ? undefined : pick(directions);
      proxy.add(fault, { forMs: 1 + draw() * 60, ...(direction && { direction }) });
      for (let index = 0; index < 4; index++) {
        const client = clientOf(proxy.port);
        clients.push(client);
        client.socket.write(Buffer.alloc(draw() * 20_000, 'x'));
        setTimeout(() => end(client.socket, draw()), draw() * 100);
      }
      await sleep(draw() * 8);
    }
    proxy.clear();
    for (const client of clients) client.socket.destroy();
    for (const socket of target.sockets) socket.destroy();
    await until(() => proxy.stats().open === 0);
    calm = true;
    using last = clientOf(proxy.port);
    last.socket.write('still there');
    expect((await last.has(11)).toString()).toBe('still there');
    expect(proxy.stats().cut).toBeGreaterThan(10);
  },
);

test.for([4, 5, 6, 7])('the same in the HTTP mode (%i)', async (seed) => {
  const draw = randomFrom(seed);
  const server = createServer((request, response) => {
    request.resume();
    request.on('error', () => {});
    const fate = draw();
    if (fate < 0.1) request.socket.resetAndDestroy();
    else if (fate < 0.2) response.write('half', () => request.socket.destroy());
    else response.end('x'.repeat(draw() * 5_000));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy = await createFaultProxy({ target: { port }, http: true, seed });
  const asked: Promise<unknown>[] = [];
  for (let round = 0; round < 200; round++) {
    const faults = draw() < 0.7 ? onRequests : onBytes;
    proxy.add(faults[Math.floor(draw() * faults.length)] as Fault, { forMs: 1 + draw() * 60 });
    for (let index = 0; index < 3; index++) {
      const signal = AbortSignal.timeout(Math.floor(20 + draw() * 200));
      const body = draw() < 0.3 ? 'y'.repeat(draw() * 50_000) : null;
      const ask = fetch(proxy.url, { signal, body, method: body === null ? 'GET' : 'POST' });
      asked.push(ask.then((answer) => answer.text()).catch(() => {}));
    }
    await sleep(draw() * 8);
  }
  await Promise.all(asked);
  proxy.clear();
  await until(() => proxy.stats().listening === 1);
  expect(proxy.stats().requestsFaulted).toBeGreaterThan(10);
  server.removeAllListeners('request');
  server.on('request', (_request, response) => void response.end('fine'));
  expect(await (await fetch(proxy.url)).text()).toBe('fine');
  await proxy.close();
  expect(proxy.stats().open).toBe(0);
  server.closeAllConnections();
  server.close();
});
