import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { reset } from '../sockets.js';

/** Passes an upgrade (a WebSocket) on as it came, and from then on only bytes. */
export function tunnel(request: IncomingMessage, client: Socket, head: Buffer, target: Socket): void {
  target.write(headOf(request));
  if (head.length > 0) target.write(head);
  client.on('error', () => reset(target));
  target.on('error', () => reset(client));
  client.on('close', () => target.destroy());
  target.on('close', () => client.destroySoon());
  client.pipe(target);
  target.pipe(client);
}

const upgradeHeaders: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

/**
 * HTTP/2 (`h2c`) is offered by some clients with every first request, and a server is free to pass over it. In a tunnel,
 * the requests that follow would slip past the faults.
 */
export function readAgainWithoutUpgrade(
  request: IncomingMessage,
  client: Socket,
  head: Buffer,
  server: Server,
): void {
  client.unshift(Buffer.concat([headOf(request, upgradeHeaders), head]));
  server.emit('connection', client);
}

function headOf(request: IncomingMessage, left: ReadonlySet<string> = new Set()): Buffer {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (!left.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[index + 1]}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
