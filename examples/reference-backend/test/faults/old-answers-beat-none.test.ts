import { createCache } from '@mainstay/cache';
import { ManualClock } from '@mainstay/core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type Services, startServices } from '../../../../scripts/services/index.mjs';
import { UsageStore } from '../../src/analytics/usage-store.js';
import { CachedReads } from '../../src/cache/cached-reads.js';
import { ConversationStore } from '../../src/conversations/conversation-store.js';
import { Database } from '../../src/database/database.js';
import { migrateDatabase } from '../../src/database/migrate.js';
import { migrations } from '../../src/database/migrations/index.js';
import { testWith } from '../support/parts.js';

const test = await testWith('postgres');

describe('a read whose time is over', () => {
  let services: Services;
  let database: Database;
  beforeAll(async () => {
    services = await startServices({ postgres: true });
    const url = services.postgres?.url ?? '';
    await migrateDatabase(url, migrations);
    database = new Database({ connectionString: url, max: 2 });
  });
  afterAll(async () => {
    await database?.pool.end();
    await services?.close();
  });

  test('is answered stale while Postgres is away, and not for ever', async () => {
    const clock = new ManualClock();
    const cache = createCache({ name: 'test', clock, staleIfErrorMs: 600_000 });
    const conversations = new ConversationStore(database);
    const reads = new CachedReads({ cache, conversations, usage: new UsageStore(database) });
    const state = async () => (await reads.usageByModel('ada', 30)).state;

    expect([await state(), await state()]).toEqual(['miss', 'hit']);
    await services.postgres?.kill();
    expect(await state()).toBe('hit');
    clock.advance(61_000);
    expect(await state()).toBe('stale');
    clock.advance(600_000);
    await expect(state()).rejects.toMatchObject({ code: 'ERR_DATABASE_UNAVAILABLE' });
    await cache.close();
  });
});
