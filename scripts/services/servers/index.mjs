// The servers that a set of services can run. A new kind is one file and one row.
import { postgres } from './postgres.mjs';
import { redis } from './redis.mjs';

/** In the order in which they start. */
export const serverKinds = { postgres, redis };
