import type { Application, Request, RequestHandler } from 'express';
import { answerOf } from './http/answer.js';
import { nodeView, send, takeIfNoneMatch } from './http/node.js';
import { record } from './http/recording.js';
import { repeatRequest } from './http/repeat.js';
import { type Repeat, ResponseCache, type ResponseCacheOptions } from './http/response-cache.js';

export type { ResponseCacheOptions } from './http/response-cache.js';

/**
 * Middleware for Express 4 and 5: `app.get('/products', cacheResponses({ cache, ttlMs: 10_000 }), handler)`. Put it after who the
 * client is was found out, and after compression. A stale response is refreshed by sending its request through the whole
 * application once more, without a network.
 * @throws TypeError or RangeError naming the option that is wrong
 */
export function cacheResponses(options: ResponseCacheOptions<Request>): RequestHandler {
  const responses = new ResponseCache<Request>('cacheResponses', options);
  return (request, response, next) => {
    const view = nodeView(request, request.originalUrl, siteOf(request));
    responses
      .open(request, view, request, repeatOf(request))
      .then((verdict) => {
        if (verdict.kind === 'hit') {
          send(response, answerOf(view, verdict, responses.vary));
          return;
        }
        if (verdict.kind === 'lead') {
          const { vary, maxBodyBytes: maxBytes } = responses;
          const ifNoneMatch = takeIfNoneMatch(request);
          record(response, { lead: verdict.lead, view, vary, maxBytes, ifNoneMatch });
        }
        next();
      })
      .catch(next);
  };
}

type Trust = (address: string | undefined, hop: number) => boolean;

/** Express 4 has no `host` with a port, and Express 5 takes it of the same header. */
function siteOf(request: Request): string {
  // A router may be served without an application.
  const app = request.app as Application | undefined;
  const trusts = app?.get('trust proxy fn') as Trust | undefined;
  const forwarded = trusts?.(request.socket.remoteAddress, 0) ? request.get('x-forwarded-host') : undefined;
  return `${request.protocol}://${request.hostname} ${forwarded ?? ''}`;
}

function repeatOf(request: Request): Repeat {
  return (lead, signal) => {
    let app: Application & { parent?: Application } = request.app;
    while (app.parent !== undefined) app = app.parent;
    return repeatRequest(request, request.originalUrl, app, lead, signal);
  };
}
