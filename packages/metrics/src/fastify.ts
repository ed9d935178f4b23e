import type { ServerResponse } from 'node:http';
import { option, readOptions } from '@mainstay/core';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { type HttpMetrics, unmatchedRoute } from './http-metrics.js';
import type { Metrics } from './metrics.js';

type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface MetricsPluginOptions {
  /** What is served, and what requests are counted in. */
  readonly metrics: Metrics;
  /** Where the metrics are served, without authentication unless a hook of yours asks for it. `false`: nowhere. Default `/metrics`. */
  readonly path?: string | false;
  /** Bounds of `http_request_duration_seconds`, in seconds. Default: 0.005 to 10. */
  readonly buckets?: readonly number[];
  /** Level of Fastify's own lines about the route; Prometheus comes every few seconds. Default `warn`. */
  readonly logLevel?: LogLevel;
}

/** A load guard must not refuse the scrape that would show the load: `@fastify/under-pressure` lets a route pass whose handler returns nothing. */
const pressureHandler = (): void => {};

/** Counts one request when its response closes, whichever way it ended: exactly once, also for a reply that is hijacked. */
function track(http: HttpMetrics, request: FastifyRequest, reply: FastifyReply): void {
  const start = performance.now();
  const response: ServerResponse = reply.raw;
  let seconds: number | undefined;
  http.inFlight.inc();
  // The events of the response, not Fastify's onResponse: that one waits for other hooks, and never comes after an abort.
  response.once('finish', () => {
    seconds = (performance.now() - start) / 1000;
  });
  response.once('close', () => {
    http.inFlight.dec();
    const { method } = request;
    const route = (request.is404 ? undefined : request.routeOptions.url) ?? unmatchedRoute;
    if (seconds === undefined) http.aborted.inc({ method, route });
    else http.duration.observe({ method, route, status: response.statusCode }, seconds);
  });
}

// Asynchronous, so that what it throws rejects the registration: Fastify does not catch what a callback plugin throws.
const plugin: FastifyPluginAsync<MetricsPluginOptions> = async (app, received) => {
  const anything = option.custom<unknown>('anything', () => true, { optional: true });
  const { metrics, path, logLevel } = readOptions('metricsPlugin', received, {
    metrics: option.instance<Metrics>({ methods: ['render', 'http'], expected: 'a Metrics' }),
    path: option.custom<string | false>(
      'a path that begins with "/", or false',
      (value) => value === false || (typeof value === 'string' && value.startsWith('/')),
      { default: '/metrics' },
    ),
    buckets: anything,
    logLevel: option.oneOf<LogLevel, { default: 'warn' }>(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      { default: 'warn' },
    ),
    // Fastify's own option of every plugin; `path` is not moved by it.
    prefix: anything,
  });
  const http = metrics.http({ buckets: received.buckets });
  app.addHook('onRequest', (request, reply, next) => {
    track(http, request, reply);
    next();
  });
  if (path !== false) {
    app.route({
      method: ['GET', 'HEAD'],
      url: path,
      logLevel,
      config: { pressureHandler },
      schema: { hide: true } as object,
      handler: async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()),
    });
  }
};

/**
 * `GET` and `HEAD` of `/metrics` on a Fastify 5 instance, and the metrics of its requests: `http_request_duration_seconds` with the
 * labels `method`, `route` (the pattern; `unmatched` where none matched) and `status`, `http_requests_in_flight` and
 * `http_requests_aborted_total`. Register it before your routes.
 */
const metricsPlugin = fastifyPlugin(plugin, { name: '@mainstay/metrics', fastify: '5.x' });

export default metricsPlugin;
export { metricsPlugin };
