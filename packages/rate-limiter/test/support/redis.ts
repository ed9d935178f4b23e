import { Redis, type RedisOptions } from 'ioredis';
import { afterAll, afterEach, test } from 'vitest';
import { type ServiceHandle, startServices } from '../../../../scripts/services/index.mjs';
import { RateLimiter, type RateLimiterOptions, type SingleLimitOptions } from '../../src/index.js';
import { type RedisStoreOptions, redisStore } from '../../src/redis.js';

const services = await startServices({ redis: true });
afterAll(() => services.close());

const clients: Redis[] = [];
const limiters: RateLimiter[] = [];
afterEach(async () => {
  await Promise.all(limiters.splice(0).map((limiter) => limiter.close()));
  for (const client of clients.splice(0)) client.disconnect();
  if (services.redis !== undefined) {
    await services.redis.thaw();
    await services.redis.start();
  }
});

type Extra = Partial<Omit<SingleLimitOptions, 'limits'>> & {
  redis?: RedisStoreOptions;
  connection?: RedisOptions;
  limits?: RateLimiterOptions['limits'];
};

export interface Workshop {
  server: ServiceHandle;
  /** The limiter's name: keys of one test are apart from those of the others. */
  name: string;
  client(options?: RedisOptions): Promise<Redis>;
  /** One process's limiter: with its own memory and its own connection. */
  limiter(options?: Extra): Promise<{ limiter: RateLimiter; client: Redis }>;
}

let number = 0;

/** A test on a real Redis, skipped by name where there is none. */
export function redisTest(name: string, run: (workshop: Workshop) => Promise<void>): void {
  test(name, async (context) => {
    const server = services.redis;
    if (server === undefined) {
      const [missing] = services.skipped;
      context.skip(`Redis: ${missing?.reason}. ${missing?.hint}`);
      return;
    }
    number += 1;
    const limiterName = `t${number}`;
    const client = async (options: RedisOptions = {}): Promise<Redis> => {
      const made = new Redis(server.url, { lazyConnect: true, retryStrategy: () => 50, ...options });
      made.on('error', () => {});
      clients.push(made);
      if (options.lazyConnect !== true) await made.connect();
      return made;
    };
    const limiter = async ({ redis, connection: connectionOptions, ...options }: Extra = {}) => {
      const connection = await client(connectionOptions);
      const limits = options.limits === undefined ? { limit: 10, windowMs: 60_000, algorithm: 'strict' } : {};
      const made = new RateLimiter({
        name: limiterName,
        ...limits,
        ...options,
        store: redisStore(connection, { timeoutMs: 1_000, ...redis }),
      } as RateLimiterOptions);
      limiters.push(made);
      return { limiter: made, client: connection };
    };
    await run({ server, name: limiterName, client, limiter });
  });
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export async function until(holds: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const start = performance.now();
  while (!(await holds())) {
    if (performance.now() - start > withinMs)
      throw new Error(`it did not come to hold within ${withinMs} ms`);
    await sleep(20);
  }
}
