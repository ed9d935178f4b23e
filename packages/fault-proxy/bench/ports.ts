import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

export interface Ports {
  direct: number;
  pipe: number;
  proxy: number;
  http: number;
}

/** A server, and a bare pipe and the proxies before it. */
export async function startProxies(server: Server): Promise<{ ports: Ports; stop(): Promise<unknown> }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const direct = (server.address() as AddressInfo).port;
  const worker = new Worker(new URL('../proxy-worker.mjs', import.meta.url), { workerData: direct });
  const [others] = await once(worker, 'message');
  return { ports: { direct, ...others }, stop: () => worker.terminate().then(() => server.close()) };
}

export function serverOf(onSocket: (socket: Socket) => void): Server {
  return createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    onSocket(socket);
  });
}
