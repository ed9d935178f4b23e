import type { Request, RequestHandler } from 'express';
import { HttpLimit, type HttpLimitOptions } from './http/http-limit.js';
import { answer, viewOf } from './http/node.js';

/**
 * Middleware for Express 4 and 5: `app.use(rateLimit({ limiter }))`, or on a route. Who the client is follows from the options given here
 * (`byIp({ trustProxy })`), not from Express' `trust proxy`.
 * @throws TypeError naming the option that is wrong
 */
export function rateLimit(options: HttpLimitOptions<Request>): RequestHandler {
  const limit = new HttpLimit<Request>('rateLimit', options);
  return (request, response, next) => {
    answer(limit, viewOf(request, request, request.originalUrl), response).then((answered) => {
      if (!answered) next();
    }, next);
  };
}

export default rateLimit;
