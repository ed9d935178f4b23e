import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { option, readOptions } from '@mainstay/core';
import type { FaultProxy } from '../fault-proxy.js';
import { listenError } from '../listen-error.js';
import { Problem, sendJson, sendProblem } from './answers.js';
import { route } from './routes.js';

export interface FaultControlOptions {
  /** The proxy to control. */
  proxy: FaultProxy;
  /** Default `127.0.0.1`. Whoever reaches another address controls the proxy: there is no password. */
  host?: string;
  /** Default 0: any that is free, to be read from `control.port`. */
  port?: number;
}

/** The HTTP control API of a proxy. */
export interface FaultControl {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Ends it, with its connections; the proxy goes on. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const fields = {
  proxy: option.instance<FaultProxy>({ methods: ['add', 'clear', 'stats'], expected: 'a fault proxy' }),
  host: option.string({ default: '127.0.0.1', maxLength: 253 }),
  port: option.integer({ min: 0, max: 65_535, default: 0 }),
};

/**
 * Starts the HTTP control API: `GET /`, `GET /stats`, `GET /faults`, `POST /faults`, `DELETE /faults`, `DELETE /faults/<id>`.
 * JSON both ways; errors as `application/problem+json`.
 * @throws TypeError or RangeError for wrong options; MainstayError `ERR_PORT_TAKEN` or `ERR_LISTEN`
 */
export async function createFaultControl(options: FaultControlOptions): Promise<FaultControl> {
  const { proxy, host, port } = readOptions('createFaultControl', options, fields);
  const server = createServer((request, response) => {
    void answer(proxy, server, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError('createFaultControl', host, port, cause)));
    server.listen(port, host, resolve);
  });
  server.on('error', () => {});
  const address = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    host: address.address,
    port: address.port,
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function answer(
  proxy: FaultProxy,
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    checkHost(request, server);
    const { status, body } = await route(proxy, request);
    sendJson(response, status, body);
  } catch (error) {
    sendProblem(response, error);
  }
}

const loopbackName = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** A page in a browser can reach the loopback interface under a name of its own (DNS rebinding); it cannot name it so. */
function checkHost(request: IncomingMessage, server: Server): void {
  const address = server.address() as AddressInfo | null;
  const isLoopback = address !== null && (address.address.startsWith('127.') || address.address === '::1');
  if (isLoopback && !loopbackName.test(request.headers.host ?? '')) {
    throw new Problem(
      403,
      'Forbidden',
      'the Host header must name the loopback interface, as localhost does',
    );
  }
}
