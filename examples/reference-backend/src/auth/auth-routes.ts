import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Problem, problems } from '../http/problem.js';
import type { Tokens } from './tokens.js';

/** For trying things out: anybody becomes whoever they say. Production does not register it. */
const demoPassword = 'demo';

const bodySchema = z.strictObject({
  username: z.string().regex(/^[\w.@-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ @ -'),
  password: z.string().max(200),
});

export const demoLogin: FastifyPluginAsyncZod<{ tokens: Tokens }> = async (app, { tokens }) => {
  app.post(
    '/api/auth/token',
    {
      schema: {
        operationId: 'getToken',
        tags: ['auth'],
        summary: 'Demo login: a token for any name; the password is "demo"',
        body: bodySchema,
        response: {
          200: z
            .object({ token: z.string(), tokenType: z.literal('Bearer'), expiresInSeconds: z.int() })
            .describe('A token and how long it lasts'),
          ...problems(400, 401, 413, 415),
        },
      },
    },
    async ({ body }, reply) => {
      reply.header('cache-control', 'no-store');
      if (body.password !== demoPassword) {
        throw new Problem(401, 'wrong-password', 'The password of the demo login is "demo".');
      }
      const token = await tokens.sign(body.username);
      return { token, tokenType: 'Bearer' as const, expiresInSeconds: tokens.lifetimeSeconds };
    },
  );
};
