import { Redis, type RedisOptions } from 'ioredis';
import { afterAll, afterEach, test } from 'vitest';
import { type ServiceHandle, startServices } from '../../../../scripts/services/index.mjs';
import { type Cache, type CacheOptions, createCache } from '../../src/index.js';
import { turn } from './helpers.js';

// What a killed Redis knew it knows again, so that nothing is right merely because it was lost.
const services = await startServices({ redis: { settings: { appendonly: 'yes', appendfsync: 'no' } } });
afterAll(() => services.close());

const clients: Redis[] = [];
const caches: Cache[] = [];
afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
  for (const client of clients.splice(0)) client.disconnect();
  if (services.redis !== undefined) {
    await services.redis.thaw();
    await services.redis.start();
  }
});

export interface Workshop {
  server: ServiceHandle;
  prefix: string;
  /** A client that is connected; with `{ lazyConnect: true }`, not yet. */
  client(options?: RedisOptions): Promise<Redis>;
  /** Resolves when all that the caches have sent, and what the answers led to, is answered. */
  settle(): Promise<void>;
  /** One process's cache: with its own memory and its own connection. */
  cache(options?: Partial<CacheOptions> & { timeoutMs?: number }): Promise<{ cache: Cache; client: Redis }>;
}

let number = 0;

/** A test on a real Redis, skipped by name where there is none. The caches of one test share a prefix. */
export function redisTest(name: string, run: (workshop: Workshop) => Promise<void>): void {
  test(name, async (context) => {
    const server = services.redis;
    if (server === undefined) {
      const [missing] = services.skipped;
      context.skip(`Redis: ${missing?.reason}. ${missing?.hint}`);
      return;
    }
    number += 1;
    await run(workshop(server, `t${number}:`));
  });
}

function workshop(server: ServiceHandle, prefix: string): Workshop {
  const client = async (options: RedisOptions = {}): Promise<Redis> => {
    const made = new Redis(server.port, server.host, options);
    made.on('error', () => {});
    clients.push(made);
    if (options.lazyConnect !== true) {
      await new Promise<void>((resolve) => {
        made.once('ready', () => resolve());
      });
    }
    return made;
  };
  const cache: Workshop['cache'] = async ({ timeoutMs, ...options } = {}) => {
    const own = await client();
    const made = createCache({
      name: 'test',
      redis: { client: own, prefix, timeoutMs: timeoutMs ?? 1_000 },
      ttlMs: 60_000,
      ttlJitterRatio: 0,
      ...options,
    });
    caches.push(made);
    return { cache: made, client: own };
  };
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 3; round += 1) {
      await turn();
      await Promise.all(clients.map((made) => made.ping()));
    }
    await turn();
  };
  return { server, prefix, client, settle, cache };
}
