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
import { answerClientErrors } from './http/client-errors.js';
import { answerRouterError, registerProblemReplies } from './http/problem-replies.js';
import { registerRequestId, requestIdOf } from './http/request-id.js';
import { modelRoutes } from './models/model-routes.js';

const maxBodyBytes = 256 * 1024;

/** How long a client may take to send a request. Answers take as long as they take. */
const timeLimits = { requestMs: 30_000, headersMs: 10_000, checkEveryMs: 5_000 };
/** Longer than load balancers keep theirs (60 s as a rule), so that it is never us who closes under a request. */
const keepAliveMs = 72_000;

export async function buildApp(gateway: Gateway, limits = timeLimits): Promise<FastifyInstance> {
  const { config, logger, tokens, health, metrics } = gateway;
  const loggerInstance: FastifyBaseLogger = logger;
  const app = fastify({
    loggerInstance,
    genReqId: requestIdOf,
    bodyLimit: maxBodyBytes,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: keepAliveMs,
    http: { headersTimeout: limits.headersMs, connectionsCheckingInterval: limits.checkEveryMs },
    frameworkErrors: answerRouterError,
    clientErrorHandler: answerClientErrors(logger),
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
