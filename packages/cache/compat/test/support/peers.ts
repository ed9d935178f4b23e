import KeyvRedis from '@keyv/redis';
import { createCache } from '@mainstay/cache';
import type { RaceCourt, RaceEntryOptions, RaceSubject } from '@mainstay/cache/race-suite';
import { createCache as createDedupe } from 'async-cache-dedupe';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { createCache as createManager } from 'cache-manager';
import { Cacheable } from 'cacheable';
import { Redis } from 'ioredis';
import { type Cluster as Cluster5, Redis as Redis5 } from 'ioredis-5';
import { Keyv } from 'keyv';

/** Rejected by a cache that has no such call. */
export class NoSuchCallError extends Error {
  readonly code = 'ERR_NO_SUCH_CALL';
}

/** Makes the subjects of one race: caches that share the Redis on this port, and a name that no other race has. */
export type MakeSubject = (port: number, name: string) => Promise<RaceSubject>;

const HOST = '127.0.0.1';

/** Both majors are what the cache asks for: there is no cast here. */
export async function onIoredis(client: Redis | Redis5 | Cluster5, name: string): Promise<RaceSubject> {
  await client.ping();
  const cache = createCache({ name, redis: { client, timeoutMs: 1_000 } });
  return {
    getOrSet: (key, load, options) => cache.getOrSet(key, load, options),
    set: (key, value, options) => cache.set(key, value, options),
    delete: (key) => cache.delete(key),
    invalidateTags: (tags) => cache.invalidateTags(...tags),
    close: async () => {
      await cache.close();
      client.disconnect();
    },
  };
}

/** Two levels and a bus, as its documentation shows it. */
async function bentocache(port: number): Promise<RaceSubject> {
  const connection = { host: HOST, port };
  const bento = new BentoCache({
    default: 'two',
    stores: {
      two: bentostore()
        .useL1Layer(memoryDriver({ maxItems: 1_000 }))
        .useL2Layer(redisDriver({ connection }))
        .useBus(redisBusDriver({ connection })),
    },
  });
  const lifetime = ({ ttlMs, staleMs, tags }: RaceEntryOptions = {}) => ({
    ttl: ttlMs ?? 60_000,
    tags: [...(tags ?? [])],
    // Its stale-while-revalidate: a grace period, and no waiting for the factory.
    ...(staleMs === undefined ? {} : { grace: staleMs, timeout: 0 }),
  });
  return {
    getOrSet: (key, load, options) => bento.getOrSet({ key, factory: load, ...lifetime(options) }),
    set: (key, value, options) => bento.set({ key, value, ...lifetime(options) }),
    delete: (key) => bento.delete({ key }),
    invalidateTags: (tags) => bento.deleteByTag({ tags: [...tags] }),
    close: () => bento.disconnectAll(),
  };
}

async function cacheable(port: number): Promise<RaceSubject> {
  const cache = new Cacheable({ secondary: new KeyvRedis(`redis://${HOST}:${port}`) });
  return {
    getOrSet: (key, load, { ttlMs } = {}) => cache.getOrSet(key, load, { ttl: ttlMs ?? 60_000 }),
    set: (key, value, { ttlMs } = {}) => cache.set(key, value, ttlMs ?? 60_000),
    delete: (key) => cache.delete(key),
    close: () => cache.disconnect(),
  };
}

async function cacheManager(port: number): Promise<RaceSubject> {
  const cache = createManager({
    stores: [new Keyv(), new Keyv({ store: new KeyvRedis(`redis://${HOST}:${port}`) })],
  });
  return {
    getOrSet: (key, load, { ttlMs } = {}) => cache.wrap(key, load, ttlMs ?? 60_000),
    set: (key, value, { ttlMs } = {}) => cache.set(key, value, ttlMs ?? 60_000),
    delete: (key) => cache.del(key),
    close: () => cache.disconnect(),
  };
}

interface Call {
  key: string;
  load: () => Promise<unknown>;
  tags: readonly string[];
}

async function asyncCacheDedupe(port: number): Promise<RaceSubject> {
  const client = new Redis5(port, HOST);
  const cache = createDedupe({
    ttl: 60,
    storage: { type: 'redis', options: { client: client as never, invalidation: true } },
  }).define(
    'read',
    {
      serialize: ({ key }: Call) => key,
      references: ({ tags }: Call) => [...tags],
    },
    async ({ load }: Call) => load(),
  );
  return {
    getOrSet: (key, load, { tags = [] } = {}) => cache.read({ key, load, tags }),
    set: () => Promise.reject(new NoSuchCallError('async-cache-dedupe has no set()')),
    delete: (key) => cache.clear('read', { key }),
    invalidateTags: (tags) => cache.invalidateAll([...tags]),
    close: async () => client.disconnect(),
  };
}

export const peers = {
  bentocache,
  cacheable,
  'cache-manager': cacheManager,
  'async-cache-dedupe': asyncCacheDedupe,
} satisfies Record<string, MakeSubject>;

export const ours = {
  'on ioredis 6': (port, name) => onIoredis(new Redis(port, HOST), name),
  'on ioredis 5': (port, name) => onIoredis(new Redis5(port, HOST), name),
} satisfies Record<string, MakeSubject>;

let courts = 0;

/**
 * An empty Redis for each race, or an empty Cluster. What is still on its way between the nodes of a Cluster was announced by the
 * race before: under a name of its own nobody hears it, as a load in this race would be dropped for it.
 */
export async function courtOf(ports: number | readonly number[], make: MakeSubject): Promise<RaceCourt> {
  const all = typeof ports === 'number' ? [ports] : ports;
  const observers = all.map((port) => new Redis(port, HOST));
  const everywhere = (command: string, ...args: string[]): Promise<unknown> =>
    Promise.all(observers.map((observer) => observer.call(command, ...args)));
  await everywhere('FLUSHALL');
  courts += 1;
  const name = `race ${courts}`;
  return {
    subject: () => make(all[0] as number, name),
    cutMessages: async () => {
      await everywhere('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
    close: async () => {
      for (const observer of observers) observer.disconnect();
    },
  };
}
