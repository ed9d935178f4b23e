import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** There is never any answer. */
  hangs?: boolean;
  /** Comes between the headers and the body. */
  bodyAfter?: Promise<unknown>;
}

export interface TestServer {
  url: string;
  requests: { method: string; body: string; connection: number }[];
  /** Answers whose connection was closed before they were whole. */
  readonly brokenOff: number;
  server: Server;
}

/** A real HTTP server that gives these answers one after the other, the last one again and again. */
export async function serve(answers: Answer[]): Promise<TestServer> {
  const requests: TestServer['requests'] = [];
  const sockets = new Map<unknown, number>();
  let brokenOff = 0;
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)] ?? {};
    const entry = { method: request.method ?? '', body: '', connection: sockets.get(request.socket) ?? -1 };
    requests.push(entry);
    response.on('close', () => {
      if (!response.writableFinished) brokenOff += 1;
    });
    for await (const chunk of request) entry.body += chunk;
    const { status = 200, headers = {}, body = 'hello', hangs = false, bodyAfter } = answer;
    if (hangs) return;
    response.writeHead(status, headers);
    response.flushHeaders();
    await bodyAfter;
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
    get brokenOff() {
      return brokenOff;
    },
  };
}

/** Waits for what the other end of a socket will have seen sooner or later. */
export function until(seen: () => unknown): Promise<unknown> {
  return vi.waitUntil(seen, { timeout: 30_000, interval: 2 });
}
