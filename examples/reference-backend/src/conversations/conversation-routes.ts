import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { CachedReads } from '../cache/cached-reads.js';
import { cachedReply } from '../cache/x-cache.js';
import { Problem, problems } from '../http/problem.js';
import { conversationIdSchema, conversationPageSchema, conversationSchema } from './conversation.js';
import { cursorSchema } from './cursor.js';

export const conversationRoutes: FastifyPluginAsyncZod<{ reads: CachedReads }> = async (app, { reads }) => {
  app.get(
    '/conversations',
    {
      schema: {
        operationId: 'listConversations',
        tags: ['conversations'],
        summary: 'Your conversations, the latest first',
        querystring: z.object({
          limit: z.coerce.number().int().min(1).max(100).default(20),
          cursor: cursorSchema.optional(),
        }),
        response: {
          200: cachedReply('A page of your conversations', conversationPageSchema),
          ...problems(400, 401, 503),
        },
      },
    },
    async ({ query, user }, reply) => {
      const { value, state } = await reads.conversationPage(user, query.limit, query.cursor);
      reply.header('x-cache', state);
      return value;
    },
  );

  app.get(
    '/conversations/:id',
    {
      schema: {
        operationId: 'getConversation',
        tags: ['conversations'],
        summary: 'One of your conversations with its messages',
        params: z.object({ id: conversationIdSchema }),
        response: {
          200: cachedReply('The conversation with its messages', conversationSchema),
          ...problems(400, 401, 404, 503),
        },
      },
    },
    async ({ params, user }, reply) => {
      const { value, state } = await reads.conversation(user, params.id);
      reply.header('x-cache', state);
      if (value === null)
        throw new Problem(404, 'unknown-conversation', 'You have no conversation with this id.');
      return value;
    },
  );
};
