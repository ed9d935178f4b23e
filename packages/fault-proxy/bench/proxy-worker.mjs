// The proxies in a thread of their own, so that client and server do not share their event loop.
import { connect, createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { createFaultProxy } from '@mainstay/fault-proxy';

const pipe = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const target = connect({ port: workerData, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  client.on('error', () => target.destroy());
  target.on('error', () => client.destroy());
  client.pipe(target).pipe(client);
});
await new Promise((resolve) => pipe.listen(0, '127.0.0.1', resolve));
const proxy = await createFaultProxy({ target: { port: workerData } });
const inHttpMode = await createFaultProxy({ target: { port: workerData }, http: true });
parentPort?.postMessage({ pipe: pipe.address().port, proxy: proxy.port, http: inHttpMode.port });
