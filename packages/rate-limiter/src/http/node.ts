import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpLimit, type HttpLimitOptions } from './http-limit.js';
import type { RequestView } from './keys.js';
import { withEarlier } from './list-fields.js';

/** Of a node request. A header that was sent several times is one list, as HTTP has it. */
export function viewOf<Request>(
  request: Request,
  message: IncomingMessage,
  url?: string,
): RequestView<Request> {
  return {
    request,
    method: message.method ?? 'GET',
    url: url ?? message.url ?? '/',
    remoteAddress: message.socket.remoteAddress,
    header(name) {
      const value = message.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
  };
}

/**
 * For `node:http` and everything built on it: sets the fields, and resolves with true when it has answered the request itself.
 * `if (await refused(request, response)) return;`
 */
export function nodeRateLimit(
  options: HttpLimitOptions<IncomingMessage>,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  const limit = new HttpLimit('nodeRateLimit', options);
  return async (request, response) => answer(limit, viewOf(request, request), response);
}

export async function answer<Request>(
  limit: HttpLimit<Request>,
  view: RequestView<Request>,
  response: ServerResponse,
): Promise<boolean> {
  const { headers, refusal } = await limit.decide(view);
  // Another layer, a request timeout for one, may have answered meanwhile.
  if (response.headersSent || response.destroyed) return true;
  const own = withEarlier({ ...headers, ...refusal?.headers }, (name) => response.getHeader(name));
  for (const [name, value] of Object.entries(own)) response.setHeader(name, value);
  if (refusal === undefined) return false;
  response.writeHead(refusal.status, {
    'content-length': Buffer.byteLength(refusal.body),
  });
  response.end(view.method === 'HEAD' ? undefined : refusal.body);
  return true;
}
