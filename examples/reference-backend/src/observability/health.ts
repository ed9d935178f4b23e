// What readiness depends on. Liveness depends on nothing: restarting us repairs no database.
import type { Cache } from '@mainstay/cache';
import { cacheCheck, HealthChecks, pingCheck } from '@mainstay/health';
import type { Redis } from 'ioredis';
import type { Database } from '../database/database.js';
import type { ModelRegistry } from '../models/model-registry.js';

interface Parts {
  database: Database;
  cache: Cache;
  redis: Redis | undefined;
  models: ModelRegistry;
}

export function createHealth({ database, cache, redis, models }: Parts): HealthChecks {
  return new HealthChecks({
    name: 'reference-backend',
    checks: [
      pingCheck('postgres', () => database.ping(), { critical: true, timeoutMs: 1_000 }),
      cacheCheck(cache, { name: 'cache' }),
      // The cache notices a silent Redis when it is used; this asks. Not critical: the memory level goes on.
      ...(redis ? [pingCheck('redis', () => redis.ping(), { critical: false, timeoutMs: 500 })] : []),
      // Not critical: a gateway without models still shows conversations, and says kindly that nobody answers.
      {
        name: 'models',
        critical: false,
        run: () => {
          const healths = models.all().map((model) => model.health().status);
          const available = healths.filter((status) => status !== 'unavailable').length;
          return available > 0
            ? { status: 'up', available, configured: healths.length }
            : { status: 'down', message: 'every circuit is open', available, configured: healths.length };
        },
      },
    ],
  });
}
