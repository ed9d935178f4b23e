import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { type Fault, latency } from '../../src/index.js';
import { serve, until } from '../helpers.js';
import { proxyProcess } from './proxy-process.js';

const GIBIBYTE = 2 ** 30;
const CHUNK = Buffer.alloc(1_048_576, 'x');
/** Of slack for the allocator and the collector; what is sent is a gigabyte. */
const MOST_GROWTH_BYTES = 150 * 2 ** 20;

const faults: [string, Fault | undefined][] = [
  ['no fault', undefined],
  ['latency in the path', latency({ ms: 5 })],
];

test.for(faults)('a fast sender and a slow receiver hold memory flat over 1 GB: %s', async ([, fault]) => {
  let receivedBytes = 0;
  await using target = await serve((socket) => {
    // Takes a bite and rests: slower than the sender by far.
    socket.on('data', (chunk) => {
      receivedBytes += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
  });
  await using proxy = await proxyProcess(target.port, fault);
  const sender = connect({ port: proxy.port, host: '127.0.0.1' });
  let sentBytes = 0;
  const send = (): void => {
    while (sentBytes < GIBIBYTE) {
      sentBytes += CHUNK.length;
      if (!sender.write(CHUNK)) return;
    }
    sender.end();
  };
  sender.on('drain', send);
  sender.once('connect', send);
  await until(() => receivedBytes > GIBIBYTE / 16);
  const before = (await proxy.stats()).rssBytes;
  let most = before;
  while (receivedBytes < GIBIBYTE) {
    most = Math.max(most, (await proxy.stats()).rssBytes);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { bytesToTarget } = await proxy.stats();
  expect(bytesToTarget).toBe(GIBIBYTE);
  console.log(`rss ${Math.round(before / 2 ** 20)} MiB, at most ${Math.round(most / 2 ** 20)} MiB`);
  expect(most - before).toBeLessThan(MOST_GROWTH_BYTES);
  expect(await proxy.close()).toBe(0);
});

test('a sender of single bytes into a receiver that never reads is bounded too', async () => {
  await using target = await serve((socket) => void socket.pause());
  await using proxy = await proxyProcess(target.port, latency({ ms: 60_000 }));
  const sender = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
  const before = (await proxy.stats()).rssBytes;
  for (let index = 0; index < 100_000; index++) {
    sender.write('x');
    if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const { rssBytes } = await proxy.stats();
  sender.destroy();
  expect(rssBytes - before).toBeLessThan(MOST_GROWTH_BYTES);
});
