// A place in a list that stays right while rows are added: the last row seen, not a number of rows to skip.
import { z } from 'zod';
import { conversationIdSchema } from './conversation.js';

export interface Cursor {
  updatedAt: string;
  id: string;
}

/** Exactly as `toISOString` writes it, within the years that Postgres shares with it. */
const isMoment = (text: string) => text >= '0001' && new Date(text).toISOString() === text;

const parts = z.tuple([z.iso.datetime().refine(isMoment), conversationIdSchema]);

export const encodeCursor = ({ updatedAt, id }: Cursor) =>
  Buffer.from(`${updatedAt}|${id}`).toString('base64url');

/** A cursor as it comes in a query string; anything that we did not make is refused. */
export const cursorSchema = z
  .string()
  .max(200)
  .transform((text, context): Cursor => {
    const result = parts.safeParse(Buffer.from(text, 'base64url').toString().split('|'));
    if (result.success) return { updatedAt: result.data[0], id: result.data[1] };
    context.addIssue({
      code: 'custom',
      message: 'is not a cursor; leave it out to begin with the first page',
    });
    return z.NEVER;
  });
