// The HTTP face: which plugins and routes there are, and in which order.
import helmet from '@fastify/helmet';
import healthPlugin from '@mainstay/health/fastify';
import metricsPlugin from '@mainstay/metrics/fastify';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { analyticsRoutes } from './analytics/analytics-routes.js';
import { demoLogin } from './auth/auth-routes.js';
import { requireUser } from './auth/require-user.js';
import { chatRoutes } from './chat/chat-routes.js';
import { conversationRoutes } from './conversations/conversation-routes.js';
import type { Gateway } from './gateway.js';
import { registerApiDocs } from './http/api-docs.js';
import { registerProblemReplies } from './http/problem-replies.js';
import { registerRequestId, requestIdOf } from './http/request-id.js';
import { modelRoutes } from './models/model-routes.js';

const maxBodyBytes = 256 * 1024;

export async function buildApp(gateway: Gateway): Promise<FastifyInstance> {
  const { config, logger, tokens, health, metrics } = gateway;
  const loggerInstance: FastifyBaseLogger = logger;
  const app = fastify({
    loggerInstance,
    genReqId: requestIdOf,
    bodyLimit: maxBodyBytes,
    logController: new LogController({ requestIdLogLabel: 'requestId' }),
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  // JSON or nothing: a body of another kind is a 415, not a text that fails the schema.
  app.removeContentTypeParser('text/plain');
  registerRequestId(app);
  registerProblemReplies(app);

  await app.register(helmet, { contentSecurityPolicy: { directives: apiContentPolicy, useDefaults: false } });
  await app.register(metricsPlugin, { metrics });
  await app.register(healthPlugin, { health, exposeDetails: !config.production });
  await registerApiDocs(app);

  if (!config.production) await app.register(demoLogin, { tokens });
  await app.register(
    async (api) => {
      await api.register(requireUser, { tokens });
      await api.register(modelRoutes, gateway);
      await api.register(chatRoutes, gateway);
      await api.register(conversationRoutes, gateway);
      await api.register(analyticsRoutes, gateway);
    },
    { prefix: '/api' },
  );
  return app;
}

/** An API has nothing to load and nothing to be framed in; the page at /docs brings its own policy. */
const apiContentPolicy = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };
