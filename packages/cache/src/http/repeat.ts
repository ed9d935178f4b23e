import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Lead } from './response-cache.js';

/** They ask for less than the whole response. */
const CONDITIONAL = new Set(['if-none-match', 'if-modified-since', 'if-range', 'range']);

/** A connection whose other end nobody holds. Says of itself what the visitor's said, for applications that look who asks. */
class Nowhere extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly encrypted: boolean | undefined;

  constructor({ remoteAddress, remotePort, localAddress, localPort, ...others }: Socket) {
    super();
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.localAddress = localAddress;
    this.localPort = localPort;
    this.encrypted = (others as { encrypted?: boolean }).encrypted;
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }

  setTimeout(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }
}

/**
 * Sends a request through the application once more, without a network and without a visitor, so that the handler answers
 * anew: with the same path, headers and connection data. @returns the new request
 */
export function repeatRequest(
  original: IncomingMessage,
  url: string,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  lead: Lead,
  signal: AbortSignal,
): IncomingMessage {
  const socket = new Nowhere(original.socket) as unknown as Socket;
  const request = new IncomingMessage(socket);
  const kept = Object.entries(original.headers).filter(([name]) => !CONDITIONAL.has(name));
  request.headers = Object.fromEntries(kept);
  for (const [name, value] of kept) request.rawHeaders.push(name, [value].flat().join(', '));
  Object.assign(request, {
    method: 'GET',
    url,
    httpVersion: '1.1',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
  });
  request.complete = true;
  request.push(null);
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  const end = (): void => {
    lead.done(undefined);
    signal.removeEventListener('abort', end);
    socket.destroy();
  };
  // What a server does when a response has been sent.
  response.once('finish', () => setImmediate(() => response.emit('close')));
  response.once('close', () => setImmediate(end));
  signal.addEventListener('abort', end, { once: true });
  setImmediate(() => {
    try {
      handle(request, response);
    } catch {
      end();
    }
  });
  return request;
}
