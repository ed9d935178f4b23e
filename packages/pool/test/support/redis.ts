import { Redis as Redis6 } from 'ioredis';
import { afterAll, afterEach, test } from 'vitest';
import { type ServiceHandle, startServices } from '../../../../scripts/services/index.mjs';
import { RedisLanes, type RedisLanesOptions } from '../../src/redis.js';
import { until, versions } from './redis-versions.js';

export { until };

const services = await startServices({ redis: true });
afterAll(() => services.close());

const open: RedisLanes[] = [];
const outsiders: Redis6[] = [];
afterEach(async () => {
  await services.redis?.thaw();
  await services.redis?.start();
  await Promise.all(open.splice(0).map((lanes) => lanes.close({ timeoutMs: 0 })));
  for (const client of outsiders.splice(0)) client.disconnect();
});

export interface RedisBench {
  server: ServiceHandle;
  lanes(options?: RedisLanesOptions): RedisLanes;
  /** A client of nobody's, to look at the server from outside. */
  outside(): Redis6;
}

/** A test against a real Redis with both versions of ioredis; skipped by name, with the reason, where none is to be had. */
export function redisTest(name: string, body: (bench: RedisBench) => Promise<void>): void {
  const { redis: server, skipped } = services;
  for (const [version, Redis] of versions) {
    const missing = skipped[0];
    const title = `${name} (${version}${missing === undefined ? '' : `; ${missing.reason}; ${missing.hint}`})`;
    test.skipIf(server === undefined)(title, async () => {
      if (server === undefined) return;
      const lanes = (options: RedisLanesOptions = {}): RedisLanes => {
        const made = new RedisLanes({
          Redis,
          ...options,
          connection:
            typeof options.connection === 'string'
              ? options.connection
              : { port: server.port, ...options.connection },
        });
        open.push(made);
        return made;
      };
      const outside = (): Redis6 => {
        const client = new Redis6(server.port, { retryStrategy: () => 50 });
        client.on('error', () => {});
        outsiders.push(client);
        return client;
      };
      await outside().flushall();
      await body({ server, lanes, outside });
    });
  }
}
