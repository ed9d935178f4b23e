import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { HealthChecks } from './health-checks.js';
import { type HealthEndpoint, type HealthHttpOptions, HealthResponses } from './http-responses.js';

export interface HealthPluginOptions extends HealthHttpOptions<FastifyRequest> {
  readonly health: HealthChecks;
  /** Level of Fastify's own lines about these routes; probes come every few seconds. Default `warn`. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
}

/** A load guard must not answer its own probe: `@fastify/under-pressure` lets a route pass whose handler returns nothing. */
const pressureHandler = (): void => {};

const plugin: FastifyPluginAsync<HealthPluginOptions> = async (app, options) => {
  const { health, paths, exposeDetails, logLevel = 'warn' } = options;
  const responses = new HealthResponses<FastifyRequest>('healthPlugin', health, {
    ...(paths === undefined ? {} : { paths }),
    ...(exposeDetails === undefined ? {} : { exposeDetails }),
  });
  const route = (endpoint: HealthEndpoint) =>
    app.route({
      method: ['GET', 'HEAD'],
      url: responses.paths[endpoint],
      logLevel,
      config: { pressureHandler },
      schema: { hide: true } as object,
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        const { status, headers, body } = await responses.answer(endpoint, request);
        return reply.code(status).headers(headers).send(body);
      },
    });
  route('report');
  route('live');
  route('ready');
};

/**
 * `GET` and `HEAD` of `/health`, `/health/live` and `/health/ready` on a Fastify 5 instance, left out of OpenAPI documents.
 * The checks stay yours: the plugin neither starts nor closes them.
 */
const healthPlugin = fastifyPlugin(plugin, { name: '@mainstay/health', fastify: '5.x' });

export default healthPlugin;
export { healthPlugin };
