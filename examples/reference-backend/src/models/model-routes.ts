import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { problems } from '../http/problem.js';
import type { Model } from './model.js';
import { modelHealthSchema } from './model-health.js';
import type { ModelRegistry } from './model-registry.js';

const modelSchema = z.object({ name: z.string(), ...modelHealthSchema.shape });

const present = (model: Model) => ({ name: model.name, ...model.health() });

export const modelRoutes: FastifyPluginAsyncZod<{ models: ModelRegistry }> = async (app, { models }) => {
  app.get(
    '/models',
    {
      schema: {
        operationId: 'listModels',
        tags: ['models'],
        summary: 'Every model with its health, in the order in which they stand in for each other',
        response: {
          200: z.object({ models: z.array(modelSchema) }).describe('The models'),
          ...problems(401),
        },
      },
    },
    async () => ({ models: models.all().map(present) }),
  );

  app.get(
    '/models/:name',
    {
      schema: {
        operationId: 'getModel',
        tags: ['models'],
        summary: 'One model with its health',
        params: z.object({ name: z.string().max(63) }),
        response: { 200: modelSchema.describe('The model'), ...problems(400, 401, 404) },
      },
    },
    async ({ params }) => present(models.get(params.name)),
  );
};
