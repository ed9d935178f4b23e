import pg from 'pg';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import {
  type ServiceHandle,
  type Services,
  startServices,
  type TestDatabase,
  testDatabase,
} from '../../../../scripts/services/index.mjs';
import { type Backend, startBackend } from '../support/backend.js';
import { call, type Visitor, visitor } from '../support/client.js';
import { testWith } from '../support/parts.js';
import { modelsOf, type StandIn, startStandIn } from '../support/stand-in.js';

const test = await testWith('postgres', 'redis');
const analytics = '/api/analytics/usage-by-model';

describe('while Redis is away', () => {
  let database: TestDatabase;
  let services: Services;
  let redis: ServiceHandle;
  let sage: StandIn;
  let backend: Backend;
  let ada: Visitor;
  beforeAll(async () => {
    database = await testDatabase({ Client: pg.Client });
    services = await startServices({ redis: true });
    redis = services.redis as ServiceHandle;
    sage = await startStandIn('sage');
    backend = await startBackend({
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      MODELS: modelsOf([sage]),
    });
    ada = await visitor(backend.url);
  });
  afterAll(async () => {
    await backend?.close();
    await sage?.close();
    await services?.close();
    await database?.close();
  });
  const health = async () => (await call(`${backend.url}/health`)).body.status;
  const redisIs = () => backend.gateway.cache.stats().redis;

  for (const [how, goAway, comeBack] of [
    ['killed', () => redis.kill(), () => redis.start()],
    ['frozen', () => redis.freeze(), () => redis.thaw()],
  ] as [string, () => Promise<void>, () => Promise<void>][]) {
    test(`(${how}) readiness stays green, health is degraded, reads are cached and right, and Redis comes back`, async () => {
      await ada.chat('hi');
      await ada.get(analytics);
      await expect.poll(redisIs, { timeout: 20_000 }).toBe('up');
      await goAway();
      const { body } = await ada.chat('without Redis?');
      expect(body.stored).toBe(true);
      const first = await ada.get(analytics);
      expect(first.headers.get('x-cache')).toBe('miss');
      await expect.poll(async () => (await ada.get(analytics)).headers.get('x-cache')).toBe('hit');
      await expect.poll(health, { timeout: 20_000 }).toBe('degraded');
      expect((await call(`${backend.url}/health/ready`)).status).toBe(200);

      const startedAt = performance.now();
      for (let round = 0; round < 20; round += 1)
        expect((await ada.get(`${analytics}?days=${round + 1}`)).status).toBe(200);
      expect(performance.now() - startedAt).toBeLessThan(5_000);

      await comeBack();
      await expect
        .poll(
          async () => {
            await ada.chat('back?');
            await ada.get(analytics);
            return redisIs();
          },
          { timeout: 20_000 },
        )
        .toBe('up');
      await expect.poll(health, { timeout: 20_000 }).toBe('up');
    });
  }

  test('a backend that starts without it works', async () => {
    const alone = await startBackend({
      DATABASE_URL: database.url,
      REDIS_URL: 'redis://127.0.0.1:1',
      MODELS: modelsOf([sage]),
    });
    try {
      const eve = await visitor(alone.url, 'eve');
      expect((await eve.chat('hi')).body.stored).toBe(true);
      await eve.get(analytics);
      expect((await eve.get(analytics)).headers.get('x-cache')).toBe('hit');
      expect((await call(`${alone.url}/health/ready`)).status).toBe(200);
    } finally {
      await alone.close();
    }
  });
});
