// The shapes of a conversation, as the API shows them and as the cache keeps them (plain JSON, no Date).
import { z } from 'zod';

/** Lower case, as Postgres writes it: cache keys and tags hold the id as a text. */
export const conversationIdSchema = z.uuid().toLowerCase();

export const messageSchema = z.object({
  role: z.enum(['user', 'assistant']),
  content: z.string(),
  model: z.string().nullable().describe('the model that answered; null for messages of the user'),
  createdAt: z.iso.datetime(),
});

export const conversationSummarySchema = z.object({
  id: z.uuid(),
  title: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export const conversationSchema = conversationSummarySchema.extend({ messages: z.array(messageSchema) });

export const conversationPageSchema = z.object({
  items: z.array(conversationSummarySchema),
  nextCursor: z.string().nullable().describe('pass it as ?cursor= for the next page; null on the last one'),
});

export type Message = z.output<typeof messageSchema>;
export type ConversationSummary = z.output<typeof conversationSummarySchema>;
export type Conversation = z.output<typeof conversationSchema>;
export type ConversationPage = z.output<typeof conversationPageSchema>;
