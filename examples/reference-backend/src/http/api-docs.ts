// OpenAPI 3.1 made from the schemas that the routes are checked with, and a page to try it at /docs.
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';

export async function registerApiDocs(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Mainstay reference backend',
        version: '1.0.0',
        description:
          'A gateway in front of AI model providers. POST /api/auth/token gives a token to try it with.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
      tags: ['auth', 'chat', 'models', 'conversations', 'analytics'].map((name) => ({ name })),
    },
    transform: (route) => {
      const { schema, url } = jsonSchemaTransform(route);
      const open = !url.startsWith('/api/') || url === '/api/auth/token';
      // What has no schema is machinery: health, metrics, the docs themselves.
      const hide = !url.startsWith('/api/');
      return { url, schema: { ...schema, hide, ...(open ? {} : { security: [{ token: [] }] }) } };
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      for (const path of Object.values(document.openapiObject.paths ?? {})) servedAsProblems(path);
      return document.openapiObject;
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: pagePolicy,
    theme: { title: 'Mainstay reference backend' },
    uiConfig: { persistAuthorization: true },
  });
}

interface Responses {
  responses?: Record<string, { content?: Record<string, unknown> }>;
}

/** Schemas know nothing of media types, so every error is documented as plain JSON until here. */
function servedAsProblems(path: object | undefined): void {
  for (const { responses = {} } of Object.values(path ?? {}) as Responses[]) {
    for (const [status, response] of Object.entries(responses)) {
      const { 'application/json': media } = response.content ?? {};
      if (Number(status) >= 400 && media) response.content = { 'application/problem+json': media };
    }
  }
}

/** The page brings its scripts along. No `upgrade-insecure-requests`, which would break it where there is no TLS. */
const pagePolicy = {
  'default-src': "'self'",
  'img-src': ["'self'", 'data:'],
  // Swagger UI writes styles into its own elements.
  'style-src': ["'self'", "'unsafe-inline'"],
  'object-src': "'none'",
  'base-uri': "'self'",
  'frame-ancestors': "'none'",
};
