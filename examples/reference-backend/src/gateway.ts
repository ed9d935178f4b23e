// All the parts, put together once. Whoever copies this backend reads here how they fit.
import type { Cache } from '@mainstay/cache';
import type { HealthChecks } from '@mainstay/health';
import type { Metrics } from '@mainstay/metrics';
import type { Logger } from 'pino';
import { UsageStore } from './analytics/usage-store.js';
import { Tokens } from './auth/tokens.js';
import { CachedReads } from './cache/cached-reads.js';
import { openCache, openRedis } from './cache/open-cache.js';
import { ChatService } from './chat/chat-service.js';
import type { Config } from './config/config.js';
import { ConversationStore } from './conversations/conversation-store.js';
import { Database } from './database/database.js';
import { migrateDatabase } from './database/migrate.js';
import { migrations } from './database/migrations/index.js';
import { ModelRegistry } from './models/model-registry.js';
import { createHealth } from './observability/health.js';
import { ChatMetrics, createMetrics } from './observability/metrics.js';

export interface Gateway {
  config: Config;
  logger: Logger;
  tokens: Tokens;
  models: ModelRegistry;
  chat: ChatService;
  reads: CachedReads;
  health: HealthChecks;
  metrics: Metrics;
  cache: Cache;
  database: Database;
  /** In the order of opening, which is the reverse of the order of closing. */
  closers: Closer[];
  close(): Promise<void>;
}

interface Closer {
  name: string;
  close: () => Promise<void>;
}

/** Brings the schema up to date, then opens and wires everything. Leaves nothing open where it fails. */
export async function openGateway(config: Config, logger: Logger): Promise<Gateway> {
  const ran = await migrateDatabase(config.databaseUrl, migrations);
  if (ran.length > 0) logger.info({ migrations: ran }, 'the schema was brought up to date');
  const database = new Database({ connectionString: config.databaseUrl, max: config.databasePoolMax });
  const redis = config.redisUrl === undefined ? undefined : openRedis(config.redisUrl, logger);
  const cache = openCache(config, redis, logger);
  const models = new ModelRegistry(config.models, config);
  for (const { breaker } of models.all()) {
    breaker.on('stateChange', (change) => logger.warn(change, `the circuit is ${change.to}`));
  }
  const conversations = new ConversationStore(database);
  const usage = new UsageStore(database);
  const reads = new CachedReads({ cache, conversations, usage });
  const health = createHealth({ database, cache, redis, models });
  const breakers = [database.breaker, ...models.all().map(({ breaker }) => breaker)];
  const metrics = createMetrics([database.pool, cache, health, ...breakers]);
  const chatMetrics = new ChatMetrics(metrics);
  const closers: Closer[] = [
    { name: 'postgres', close: () => database.pool.end() },
    { name: 'redis', close: async () => redis?.disconnect() },
    { name: 'cache', close: () => cache.close() },
  ];
  return {
    config,
    logger,
    tokens: new Tokens({ secret: config.jwtSecret, lifetimeSeconds: config.tokenLifetimeSeconds }),
    models,
    chat: new ChatService({ database, models, conversations, usage, reads, metrics: chatMetrics, logger }),
    reads,
    health,
    metrics,
    cache,
    database,
    closers,
    close: async () => {
      for (const { close } of closers.toReversed()) await close();
    },
  };
}
