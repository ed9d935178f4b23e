// The breaker where it lives: a node:http server in a thread of its own, 64 keep-alive connections that ask one request after the
// other, the same work with and without a breaker around it.
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { question } from '../../../scripts/bench/harness.mjs';
import { mainstay, opossum, sampling4 } from './contestants.js';

const connections = 64;

/** Stands for a query: it answers in another turn of the event loop. */
const work = () => new Promise<string>((resolve) => setImmediate(resolve, 'ok'));

function serve(): void {
  const ours = mainstay();
  const fourth = sampling4();
  const old = opossum(work);
  const guards: Record<string, () => Promise<unknown>> = {
    '/bare': work,
    '/bare-again': work,
    '/mainstay': () => ours.execute(work),
    '/cockatiel4': () => fourth.execute(work),
    '/opossum': () => old.fire(),
  };
  const server = createServer(async (request, response) => {
    const body = String(await guards[request.url as string]?.());
    response.writeHead(200, { 'content-length': body.length });
    response.end(body);
  });
  server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
}

/** Asks on one connection, one request after the other, until there is no more to ask. */
function ask(socket: Socket, request: string, more: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const next = (): void => {
      if (more()) socket.write(request);
      else {
        socket.off('data', onData);
        resolve();
      }
    };
    // A response is one small packet that ends with its body.
    const onData = (chunk: Buffer): void => {
      if (chunk.at(-2) === 0x6f && chunk.at(-1) === 0x6b) next();
    };
    socket.on('data', onData);
    next();
  });
}

async function measure(): Promise<void> {
  const worker = new Worker(new URL(import.meta.url));
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const sockets = await Promise.all(
    Array.from(
      { length: connections },
      () =>
        new Promise<Socket>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => resolve(socket));
          socket.setNoDelay(true);
        }),
    ),
  );
  const requests = (path: string) => async (operations: number) => {
    let left = operations;
    const request = `GET ${path} HTTP/1.1\r\nhost: bench\r\n\r\n`;
    await Promise.all(sockets.map((socket) => ask(socket, request, () => left-- > 0)));
  };
  await question({
    title: 'an HTTP server under load (64 connections), time a request',
    peer: 'without a breaker',
    target: 'within noise of the same without a breaker',
    note: 'the inverse of the throughput; the row "once more" is the same thing twice and shows the noise',
    unit: 'us',
    iterations: 4_000,
    rounds: 31,
    contestants: {
      'without a breaker': requests('/bare'),
      'without a breaker, once more': requests('/bare-again'),
      'mainstay, defaults': requests('/mainstay'),
      'cockatiel 4, sampling': requests('/cockatiel4'),
      'opossum 9, defaults': requests('/opossum'),
    },
  });
  for (const socket of sockets) socket.destroy();
  await worker.terminate();
}

if (isMainThread) await measure();
else serve();
