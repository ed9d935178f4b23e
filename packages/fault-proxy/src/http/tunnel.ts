import type { IncomingMessage } from 'node:http';
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

function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
