// A place in a list that stays right while rows are added: the last row seen, not a number of rows to skip.
import { z } from 'zod';

export interface Cursor {
  updatedAt: string;
  id: string;
}

const parts = z.tuple([z.iso.datetime(), z.uuid()]);

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
