import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface TestServer {
  readonly port: number;
  readonly server: Server;
  /** The sockets that are open. */
  readonly sockets: Set<Socket>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A TCP server on a free port that keeps no test waiting at its end. */
export async function serve(onSocket: (socket: Socket) => void, allowHalfOpen = true): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** Sends back what comes in, and ends when the client ends. */
export function echo(): Promise<TestServer> {
  return serve((socket) => void socket.pipe(socket));
}

export interface Client {
  readonly socket: Socket;
  /** Everything that has arrived. */
  received(): Buffer;
  /** Settles with how it ended: `end` (FIN) or the error's code. */
  readonly ended: Promise<string>;
  /** Settles when so many bytes have arrived. */
  has(bytes: number): Promise<Buffer>;
  [Symbol.dispose](): void;
}

/** A client that keeps what it gets. */
export function clientOf(port: number): Client {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const chunks: Buffer[] = [];
  const received = (): Buffer => Buffer.concat(chunks);
  socket.on('data', (chunk) => chunks.push(chunk));
  const ended = new Promise<string>((resolve) => {
    socket.once('end', () => resolve('end'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    socket.once('close', () => resolve('closed'));
  });
  return {
    socket,
    received,
    ended,
    async has(bytes) {
      while (received().length < bytes) await once(socket, 'data');
      return received();
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** Waits for something that will be true soon. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/**
 * Long enough for anything that could arrive on the loopback interface to have arrived. Both ends and the proxy live in this
 * process: what counts are turns of the loop, not time, of which much may pass in one turn on a busy machine.
 */
export async function aMoment(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 60));
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Bytes that tell where they belong: a 32-bit counter. */
export function counted(bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let index = 0; index + 4 <= bytes; index += 4) buffer.writeUInt32LE(index / 4, index);
  return buffer;
}
