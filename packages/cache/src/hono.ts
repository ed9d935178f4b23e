import type { Context, MiddlewareHandler } from 'hono';
import { answerOf, type HttpAnswer, matches } from './http/answer.js';
import { etagOf, type RequestView, ResponseCache, type ResponseCacheOptions } from './http/response-cache.js';

export type { ResponseCacheOptions } from './http/response-cache.js';

/**
 * Middleware for Hono 4: `app.use('/products/*', cacheResponses({ cache, ttlMs: 10_000 }))`. Put it after who the client is was found
 * out, and after compression. A response that is kept is read as a whole before it is sent.
 * @throws TypeError or RangeError naming the option that is wrong
 */
export function cacheResponses(options: ResponseCacheOptions<Context>): MiddlewareHandler {
  const responses = new ResponseCache<Context>('cacheResponses', options);
  return async (context, next) => {
    const view = viewOf(context);
    const verdict = await responses.open(context, view);
    if (verdict.kind === 'hit') return toResponse(answerOf(view, verdict, responses.vary));
    if (verdict.kind === 'pass') return next();
    try {
      await next();
    } catch (error) {
      verdict.done(undefined);
      throw error;
    }
    const { status, headers } = context.res;
    const body = await wholeBody(context.res, responses.maxBodyBytes);
    verdict.done(body === undefined ? undefined : { status, headers: [...headers], body });
    for (const name of responses.vary) context.res.headers.append('vary', name);
    if (status !== 200 || body === undefined) return;
    const etag = headers.get('etag') ?? etagOf(body);
    context.res.headers.set('etag', etag);
    if (matches(view.header('if-none-match'), etag)) {
      const kept = [...context.res.headers].filter(([name]) => !name.startsWith('content-'));
      context.res = new Response(null, { status: 304, headers: kept });
    }
  };
}

/** Undefined: an event stream, an upgrade, or larger than the limit: it is sent as it comes. */
async function wholeBody(response: Response, maxBytes: number): Promise<Buffer | undefined> {
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) return undefined;
  if (response.status === 101 || Number(response.headers.get('content-length') ?? 0) > maxBytes)
    return undefined;
  const body = Buffer.from(await response.clone().arrayBuffer());
  return body.length > maxBytes ? undefined : body;
}

function viewOf(context: Context): RequestView {
  const { method, url, headers } = context.req.raw;
  const { host, pathname, search } = new URL(url);
  return { method, url: pathname + search, host, header: (name) => headers.get(name) ?? undefined };
}

function toResponse({ status, headers, body }: HttpAnswer): Response {
  return new Response(body === undefined ? null : new Uint8Array(body), {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
}
