import type { Request, RequestHandler, Response } from 'express';
import { answerOf } from './http/answer.js';
import { headerPairs, nodeView, send } from './http/node.js';
import {
  etagOf,
  type FreshResponse,
  ResponseCache,
  type ResponseCacheOptions,
} from './http/response-cache.js';

export type { ResponseCacheOptions } from './http/response-cache.js';

/**
 * Middleware for Express 4 and 5: `app.get('/products', cacheResponses({ cache, ttlMs: 10_000 }), handler)`. Put it after who the
 * client is was found out, and after compression.
 * @throws TypeError or RangeError naming the option that is wrong
 */
export function cacheResponses(options: ResponseCacheOptions<Request>): RequestHandler {
  const responses = new ResponseCache<Request>('cacheResponses', options);
  return (request, response, next) => {
    const view = nodeView(request, request.originalUrl);
    responses.open(request, view).then((verdict) => {
      if (verdict.kind === 'hit') send(response, answerOf(view, verdict, responses.vary));
      else {
        if (verdict.kind === 'lead') {
          response.vary(responses.vary.join(', '));
          record(response, responses.maxBodyBytes, verdict.done);
        }
        next();
      }
    }, next);
  };
}

/** Copies what the handler writes. A response that is cut off, or larger than the limit, is not kept. */
function record(
  response: Response,
  maxBytes: number,
  done: (fresh: FreshResponse | undefined) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const keep = (chunk: unknown, encoding: unknown): void => {
    const copy = copyOf(chunk, encoding);
    bytes += copy.length;
    if (bytes <= maxBytes) chunks.push(copy);
    else chunks.length = 0;
  };
  const { write, end } = response;
  response.write = ((...parameters: Parameters<typeof write>) => {
    keep(parameters[0], parameters[1]);
    return write.apply(response, parameters);
  }) as typeof write;
  response.end = ((...parameters: Parameters<typeof end>) => {
    keep(parameters[0], parameters[1]);
    if (
      !response.headersSent &&
      response.statusCode === 200 &&
      bytes <= maxBytes &&
      !response.hasHeader('etag')
    )
      response.setHeader('etag', etagOf(Buffer.concat(chunks)));
    return end.apply(response, parameters);
  }) as typeof end;
  // The client went while the cache was asked.
  if (response.closed || response.destroyed) done(undefined);
  response.once('close', () => {
    if (!response.writableFinished || bytes > maxBytes) done(undefined);
    else
      done({
        status: response.statusCode,
        headers: headerPairs(response.getHeaders()),
        body: Buffer.concat(chunks),
      });
  });
}

function copyOf(chunk: unknown, encoding: unknown): Buffer {
  if (chunk === undefined || chunk === null || typeof chunk === 'function') return Buffer.alloc(0);
  if (typeof chunk !== 'string') return Buffer.from(chunk as Uint8Array);
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
}
