import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Before the headers; null for never. */
  afterMs?: number | null;
  /** Between the headers and the body. */
  bodyAfterMs?: number;
}

export interface TestServer {
  url: string;
  requests: { method: string; body: string; connection: number }[];
  /** Connections that were opened. */
  readonly connections: number;
  server: Server;
}

/** A real HTTP server that gives these answers one after the other, the last one again and again. */
export async function serve(answers: Answer[]): Promise<TestServer> {
  const requests: TestServer['requests'] = [];
  const sockets = new Map<unknown, number>();
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)] ?? {};
    const entry = { method: request.method ?? '', body: '', connection: sockets.get(request.socket) ?? -1 };
    requests.push(entry);
    for await (const chunk of request) entry.body += chunk;
    const { status = 200, headers = {}, body = 'hello', afterMs = 0, bodyAfterMs = 0 } = answer;
    if (afterMs === null) return;
    await sleep(afterMs);
    response.writeHead(status, headers);
    response.flushHeaders();
    await sleep(bodyAfterMs);
    response.end(body);
  });
  server.on('connection', (socket) => sockets.set(socket, sockets.size));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    requests,
    server,
    get connections() {
      return sockets.size;
    },
  };
}

export function sleep(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
