import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { CachedReads } from '../cache/cached-reads.js';
import { cachedReply } from '../cache/x-cache.js';
import { problems } from '../http/problem.js';
import { latencyByModelSchema, usageByDaySchema, usageByModelSchema } from './usage.js';

const querystring = z.object({ days: z.coerce.number().int().min(1).max(365).default(30) });

const schemaOf = <Rows extends z.ZodType>(operationId: string, summary: string, rows: Rows) => ({
  operationId,
  tags: ['analytics'],
  summary,
  querystring,
  response: {
    200: cachedReply('The sums, over so many days', z.object({ days: z.int(), rows })),
    ...problems(400, 401, 503),
  },
});

export const analyticsRoutes: FastifyPluginAsyncZod<{ reads: CachedReads }> = async (app, { reads }) => {
  app.get(
    '/analytics/usage-by-model',
    { schema: schemaOf('getUsageByModel', 'Your answers and tokens by model', usageByModelSchema) },
    async ({ query: { days }, user }, reply) => {
      const { value, state } = await reads.usageByModel(user, days);
      reply.header('x-cache', state);
      return { days, rows: value };
    },
  );

  app.get(
    '/analytics/usage-by-day',
    { schema: schemaOf('getUsageByDay', 'Your answers and tokens by day', usageByDaySchema) },
    async ({ query: { days }, user }, reply) => {
      const { value, state } = await reads.usageByDay(user, days);
      reply.header('x-cache', state);
      return { days, rows: value };
    },
  );

  app.get(
    '/analytics/latency',
    { schema: schemaOf('getLatency', 'How long your answers took, by model', latencyByModelSchema) },
    async ({ query: { days }, user }, reply) => {
      const { value, state } = await reads.latency(user, days);
      reply.header('x-cache', state);
      return { days, rows: value };
    },
  );
};
