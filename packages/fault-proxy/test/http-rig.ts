import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ManualClock } from '@mainstay/core';
import { Agent, request } from 'undici';
import { createFaultProxy } from '../src/index.js';

export const text = 'a body of twenty-nine letters';

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/echo') {
    response.writeHead(200, { 'x-method': request.method ?? '' });
    request.pipe(response);
  } else if (request.url === '/chunked') {
    response.write(text.slice(0, 10));
    response.end(text.slice(10));
  } else if (request.url === '/empty') {
    response.writeHead(204).end();
  } else {
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.end(text);
  }
}

/** An HTTP target, a proxy in HTTP mode before it, and a client with one connection. */
export async function setUp(options: { seed?: number; clock?: ManualClock } = {}) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy = await createFaultProxy({ target: { port }, http: true, ...options });
  const agent = new Agent({ connections: 1, pipelining: 1 });
  const get = async (path: string) => {
    const { statusCode, headers, body } = await request(`${proxy.url}${path}`, { dispatcher: agent });
    return { statusCode, headers, body: await body.text() };
  };
  return {
    proxy,
    agent,
    get,
    server,
    [Symbol.asyncDispose]: async () => {
      await agent.destroy();
      await proxy.close();
      server.closeAllConnections();
      server.close();
    },
  };
}
