import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { problems } from '../http/problem.js';
import type { Tokens } from './tokens.js';

/** Anybody becomes whoever they say. For trying things out: production does not register it. */
export const demoLogin: FastifyPluginAsyncZod<{ tokens: Tokens }> = async (app, { tokens }) => {
  app.post(
    '/api/auth/token',
    {
      schema: {
        tags: ['auth'],
        summary: 'Demo login: a token for any name',
        body: z.object({
          user: z.string().regex(/^[\w.@-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ @ -'),
        }),
        response: {
          200: z.object({ token: z.string(), tokenType: z.literal('Bearer'), expiresInSeconds: z.int() }),
          ...problems(400),
        },
      },
    },
    async ({ body }, reply) => {
      reply.header('cache-control', 'no-store');
      const token = await tokens.sign(body.user);
      return { token, tokenType: 'Bearer' as const, expiresInSeconds: tokens.lifetimeSeconds };
    },
  );
};
