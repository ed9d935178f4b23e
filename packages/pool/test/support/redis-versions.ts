import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import type { RedisClass } from '../../src/redis.js';

export const versions: [string, RedisClass][] = [
  ['ioredis 6', Redis6],
  ['ioredis 5', Redis5],
];

/** Looks again and again until it holds. Whoever waits in vain learns for what. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 50_000): Promise<void> {
  const since = performance.now();
  while (!(await holds())) {
    if (performance.now() - since > withinMs)
      throw new Error(`in vain for ${withinMs} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
