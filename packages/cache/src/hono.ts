import { option, readOptions } from '@mainstay/core';
import type { Context, MiddlewareHandler } from 'hono';
import { answerOf, type HttpAnswer, matches, variedBy } from './http/answer.js';
import { etagOf } from './http/judgement.js';
import {
  type Hit,
  type Lead,
  type Repeat,
  type RequestView,
  ResponseCache,
  type ResponseCacheOptions,
} from './http/response-cache.js';
import { BodyCopy } from './http/web.js';

export type { ResponseCacheOptions } from './http/response-cache.js';

export interface HonoResponseCacheOptions extends ResponseCacheOptions<Context> {
  /**
   * Asks the application for a response anew, to refresh a stale one: `(request) => app.fetch(request)`. It has to hand over the very
   * request that it is given. `staleMs` needs it; without it a response's `stale-while-revalidate` is passed over.
   */
  refresh?: (request: Request) => Response | Promise<Response>;
}

/** They ask for less than the whole response. */
const CONDITIONAL = ['if-none-match', 'if-modified-since', 'if-range', 'range'];

/**
 * Middleware for Hono 4: `app.use('/products/*', cacheResponses({ cache, ttlMs: 10_000 }))`. Put it after who the client is was found
 * out, and after compression. A response that is kept is read as a whole before it is sent, unless it says `Transfer-Encoding`.
 * Who reads a proxy's `X-Forwarded-Host` or `X-Forwarded-Proto` himself names them in `vary`: Hono has no setting that says whom to trust.
 * @throws TypeError or RangeError naming the option that is wrong
 */
export function cacheResponses(options: HonoResponseCacheOptions): MiddlewareHandler {
  const { refresh, ...others } = options;
  readOptions(
    'cacheResponses',
    { refresh },
    {
      refresh: option.func({ optional: (others.staleMs ?? 0) === 0 }),
    },
  );
  const responses = new ResponseCache<Context>('cacheResponses', others);
  return async (context, next) => {
    const view = viewOf(context);
    const raw = context.req.raw;
    const verdict = await responses.open(context, view, raw, repeatOf(raw, refresh));
    if (verdict.kind === 'hit') return toResponse(answerOf(view, verdict, responses.vary));
    if (verdict.kind === 'pass') return next();
    try {
      await next();
      await lead(context, view, responses, verdict.lead);
    } catch (error) {
      verdict.lead.done(undefined);
      throw error;
    }
  };
}

async function lead(
  context: Context,
  view: RequestView,
  { vary, maxBodyBytes }: ResponseCache<Context>,
  leading: Lead,
): Promise<void> {
  const { status } = context.res;
  const beginning = leading.begin({ status, headers: [...context.res.headers] });
  if (beginning.kind === 'replace') {
    replace(context, view, beginning.hit, vary);
    return;
  }
  const { headers } = context.res;
  const varied = variedBy(headers.get('vary') ?? undefined, vary);
  if (varied !== undefined) headers.set('vary', varied);
  if (beginning.kind === 'drop') return;
  if (beginning.cacheControl !== undefined) headers.set('cache-control', beginning.cacheControl);
  const copy = new BodyCopy(context.res.body, maxBodyBytes, (body) =>
    leading.done(body === undefined ? undefined : { status, headers: [...headers], body }),
  );
  if (headers.has('transfer-encoding')) {
    exchange(context, new Response(copy.flowing(), { status, headers }));
    return;
  }
  const etag = await copy.whole();
  if (etag === undefined) exchange(context, new Response(copy.flowing(), { status, headers }));
  else answerWhole(context, view, status, etag);
}

function answerWhole(context: Context, view: RequestView, status: number, body: Buffer): void {
  const headers = new Headers(context.res.headers);
  if (status === 200) {
    const etag = headers.get('etag') ?? etagOf(body);
    headers.set('etag', etag);
    if (matches(view.header('if-none-match'), etag)) {
      const kept = [...headers].filter(([name]) => !name.startsWith('content-'));
      exchange(context, new Response(null, { status: 304, headers: kept }));
      return;
    }
  }
  exchange(context, new Response(status === 204 ? null : new Uint8Array(body), { status, headers }));
}

function replace(context: Context, view: RequestView, hit: Hit, vary: readonly string[]): void {
  exchange(context, toResponse(answerOf(view, hit, vary)));
}

/** Hono joins the headers of the older response into the newer one, unless there is none. */
function exchange(context: Context, response: Response): void {
  context.res = undefined;
  context.res = response;
}

function repeatOf(raw: Request, refresh: HonoResponseCacheOptions['refresh']): Repeat | undefined {
  if (refresh === undefined) return undefined;
  return (leading, signal) => {
    const headers = new Headers(raw.headers);
    for (const name of CONDITIONAL) headers.delete(name);
    const again = new Request(raw.url, { headers, signal });
    const ask = async (): Promise<void> => {
      try {
        await (await refresh(again)).arrayBuffer();
      } catch {
        // As good as no response.
      }
      leading.done(undefined);
    };
    setTimeout(() => void ask(), 0);
    return again;
  };
}

function viewOf(context: Context): RequestView {
  const { method, url, headers } = context.req.raw;
  // The whole address, as the routes see it. A request may name one host there and another one in its header.
  return { method, url, site: headers.get('host') ?? '', header: (name) => headers.get(name) ?? undefined };
}

function toResponse({ status, headers, body }: HttpAnswer): Response {
  return new Response(body === undefined ? null : new Uint8Array(body), {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
}
