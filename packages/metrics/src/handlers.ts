import type { IncomingMessage, ServerResponse } from 'node:http';
import { option, readOptions } from '@mainstay/core';
import type { Metrics } from './metrics.js';

export interface HandlerOptions {
  /** The path that is answered. Default `/metrics`. */
  path?: string | undefined;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * For `node:http` and everything built on it: answers the path and returns true; returns false and touches nothing for any other
 * URL. In Express: `app.use((req, res, next) => handle(req, res) || next())`.
 */
export function nodeHandler(
  metrics: Metrics,
  options: HandlerOptions = {},
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const path = readPath('nodeHandler', options);
  return (request, response) => {
    const url = request.url ?? '/';
    if (url !== path && !url.startsWith(`${path}?`)) return false;
    void answer(metrics, request.method).then(({ status, headers, body }) => {
      // Another layer, a request timeout for one, may have answered meanwhile.
      if (response.headersSent || response.destroyed) return;
      response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
      response.end(request.method === 'HEAD' ? undefined : body);
    });
    return true;
  };
}

/**
 * For servers that speak the Web's Request and Response (Hono, Deno, Bun): answers the path, and 404 for any other URL.
 * In Hono: `app.get('/metrics', ({ req }) => handle(req.raw))`.
 */
export function webHandler(
  metrics: Metrics,
  options: HandlerOptions = {},
): (request: Request) => Promise<Response> {
  const path = readPath('webHandler', options);
  return async (request) => {
    if (new URL(request.url).pathname !== path) return new Response(null, { status: 404 });
    const { status, headers, body } = await answer(metrics, request.method);
    return new Response(request.method === 'HEAD' ? null : body, { status, headers });
  };
}

function readPath(owner: string, options: HandlerOptions): string {
  const valid = (value: unknown) =>
    typeof value === 'string' && value.startsWith('/') && !value.includes('?');
  return readOptions(owner, options, {
    path: option.custom<string>('a path that begins with "/"', valid, { default: '/metrics' }),
  }).path;
}

const plainText = { 'content-type': 'text/plain; charset=utf-8' };

async function answer(metrics: Metrics, method: string | undefined): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, headers: { ...plainText, allow: 'GET, HEAD' }, body: 'Only GET and HEAD\n' };
  }
  try {
    return { status: 200, headers: { 'content-type': metrics.contentType }, body: await metrics.render() };
  } catch (error) {
    process.emitWarning(
      `The metrics cannot be rendered: ${error instanceof Error ? error.message : String(error)}`,
      {
        type: 'MainstayWarning',
        code: 'MAINSTAY_METRICS',
      },
    );
    return {
      status: 500,
      headers: plainText,
      body: 'The metrics cannot be rendered; the process has logged why\n',
    };
  }
}
