import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { conversationIdSchema } from '../conversations/conversation.js';
import { Problem, problems } from '../http/problem.js';
import { visitorSignal } from '../http/visitor-signal.js';
import { NoModelAnsweredError } from '../models/fallback-chain.js';
import type { ChatService } from './chat-service.js';

/** The one character that a text in Postgres cannot hold. */
const withoutNul = (text: string) => !text.includes('\0');

const bodySchema = z.strictObject({
  message: z.string().trim().min(1).max(32_000).refine(withoutNul, 'must not contain the NUL character'),
  model: z.string().max(63).optional().describe('is asked first; the others stand in'),
  conversationId: conversationIdSchema.optional().describe('goes on with this conversation'),
});

const answerSchema = z.object({
  answer: z.string(),
  model: z.string().describe('which model answered'),
  fallback: z.boolean().describe('whether another model than the first of the chain answered'),
  failures: z
    .array(z.object({ model: z.string(), reason: z.string(), message: z.string() }))
    .describe('who was tried before, and why each gave no answer'),
  conversationId: z.uuid().nullable(),
  stored: z.boolean().describe('false while the database is away'),
  usage: z.object({ promptTokens: z.int().nullable(), completionTokens: z.int().nullable() }),
  latencyMs: z.number(),
  requestId: z.string(),
});

const defaultRetryMs = 5_000;

function apology(error: NoModelAnsweredError): Problem {
  const { refused, failures, retryAfterMs } = error;
  if (refused) {
    const detail = 'Every model refused this message. A shorter or different one may work.';
    return new Problem(422, 'message-refused', detail, { members: { failures } });
  }
  return new Problem(
    503,
    'no-model-answered',
    'None of our models can answer right now. Please try again shortly.',
    {
      retryAfterSeconds: Math.max(1, Math.ceil((retryAfterMs ?? defaultRetryMs) / 1000)),
      members: { failures },
      cause: error,
    },
  );
}

export const chatRoutes: FastifyPluginAsyncZod<{ chat: ChatService }> = async (app, { chat }) => {
  app.post(
    '/chat',
    {
      schema: {
        operationId: 'chat',
        tags: ['chat'],
        summary: 'Ask a model; another one answers where it cannot',
        body: bodySchema,
        response: {
          200: answerSchema.describe('The answer, and who gave it'),
          ...problems(400, 401, 404, 413, 415, 422, 503),
        },
      },
    },
    async (request, reply) => {
      const { body, user, id: requestId } = request;
      const result = await chat.answer({ ...body, user }, visitorSignal(reply)).catch((error: unknown) => {
        throw error instanceof NoModelAnsweredError ? apology(error) : error;
      });
      const { content, promptTokens, completionTokens, ...rest } = result;
      return { answer: content, ...rest, usage: { promptTokens, completionTokens }, requestId };
    },
  );
};
