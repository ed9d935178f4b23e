import type { Context, MiddlewareHandler } from 'hono';
import { HttpLimit, type HttpLimitOptions } from './http/http-limit.js';
import { withEarlier } from './http/list-fields.js';
import { viewOf } from './http/web.js';

export interface HonoRateLimitOptions extends HttpLimitOptions<Context> {
  /**
   * The address at the other end of the socket. Default: what `@hono/node-server` knows. Other servers have their own way
   * (`getConnInfo(context).remote.address`); where there is none, all clients share one quota.
   */
  readonly remoteAddress?: (context: Context) => string | undefined;
}

function nodeAddress(context: Context): string | undefined {
  const env = context.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined;
  return env?.incoming?.socket?.remoteAddress;
}

/**
 * Middleware for Hono 4: `app.use(rateLimit({ limiter }))`.
 * @throws TypeError naming the option that is wrong
 */
export function rateLimit(received: HonoRateLimitOptions): MiddlewareHandler {
  const { remoteAddress = nodeAddress, ...options } = received;
  const limit = new HttpLimit<Context>('rateLimit', options);
  return async (context, next) => {
    const verdict = await limit.decide(viewOf(context, context.req.raw, remoteAddress(context)));
    const { headers, refusal } = verdict;
    const tell = (fields: Readonly<Record<string, string>>): void => {
      const own = withEarlier(fields, (name) => context.res.headers.get(name));
      for (const [name, value] of Object.entries(own)) context.header(name, value);
    };
    if (refusal !== undefined) {
      tell({ ...headers, ...refusal.headers });
      const { status, body } = refusal;
      return context.req.method === 'HEAD' ? context.body(null, status) : context.body(body, status);
    }
    await next();
    tell(headers);
  };
}

export default rateLimit;
