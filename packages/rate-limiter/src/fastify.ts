import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { HttpLimit, type HttpLimitOptions } from './http/http-limit.js';
import { withEarlier } from './http/list-fields.js';
import { viewOf } from './http/node.js';
import type { RateLimiter } from './rate-limiter.js';

export interface RateLimitPluginOptions extends HttpLimitOptions<FastifyRequest> {
  /** When it is decided: `preHandler` where an `onRequest` or `preValidation` hook finds out who the user is. Default `onRequest`. */
  readonly hook?: 'onRequest' | 'preHandler';
}

/** A route's own: another limiter or cost, or none. */
export interface RouteRateLimit {
  readonly limiter?: RateLimiter;
  readonly cost?: number;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    rateLimit?: false | RouteRateLimit;
  }
}

// Asynchronous, so that what it throws rejects the registration.
const plugin: FastifyPluginAsync<RateLimitPluginOptions> = async (app, received) => {
  const { hook = 'onRequest', ...rest } = received;
  if (hook !== 'onRequest' && hook !== 'preHandler') {
    throw new TypeError(
      `rateLimit: option "hook" must be "onRequest" or "preHandler", received ${String(hook)}`,
    );
  }
  // Fastify's own option of every plugin.
  const { prefix: _prefix, ...options } = rest as typeof rest & { prefix?: unknown };
  const limit = new HttpLimit<FastifyRequest>('rateLimit', options);
  const ofRoutes = new WeakMap<RouteRateLimit, HttpLimit<FastifyRequest>>();

  const limitWith = (own: RouteRateLimit): HttpLimit<FastifyRequest> => {
    if (typeof own !== 'object' || own === null) {
      throw new TypeError(
        `rateLimit: config.rateLimit of a route must be false or { limiter, cost }, received ${String(own)}`,
      );
    }
    let found = ofRoutes.get(own);
    if (found === undefined) {
      found = new HttpLimit<FastifyRequest>('rateLimit', { ...options, ...own });
      ofRoutes.set(own, found);
    }
    return found;
  };
  const limitOf = (own: false | RouteRateLimit | undefined): HttpLimit<FastifyRequest> | undefined =>
    own === false ? undefined : own === undefined ? limit : limitWith(own);

  // What is wrong with a route is said when it is declared, not to its first visitor.
  app.addHook('onRoute', ({ config }) => void limitOf(config?.rateLimit));
  app.addHook(hook, async (request, reply) => {
    const verdict = limitOf(request.routeOptions.config?.rateLimit)?.decide(viewOf(request, request.raw));
    const { headers, refusal } = (await verdict) ?? {};
    reply.headers(withEarlier({ ...headers, ...refusal?.headers }, (name) => reply.getHeader(name)));
    if (refusal === undefined) return;
    return reply.code(refusal.status).send(refusal.body);
  });
};

/**
 * Limits the requests of a Fastify 5 instance, those that match no route included: `await app.register(rateLimit, { limiter })` before
 * the routes. A route may have its own: `config: { rateLimit: { limiter, cost } }`, or `false`.
 */
const rateLimit = fastifyPlugin(plugin, { name: '@mainstay/rate-limiter', fastify: '5.x' });

export default rateLimit;
export { rateLimit };
