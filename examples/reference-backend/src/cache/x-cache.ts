// How an answer says where it comes from, in the documentation of its route.
import type { z } from 'zod';

const header = {
  type: 'string',
  enum: ['hit', 'miss', 'stale'],
  description: 'from the cache, read just now, or old because the database could not be read',
};

/** Documents a 200 that carries `x-cache`. */
export const cachedReply = <Schema extends z.ZodType>(description: string, schema: Schema): Schema =>
  schema.meta({ description, headers: { 'x-cache': header } });
