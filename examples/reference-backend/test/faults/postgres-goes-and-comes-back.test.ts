import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { type ServiceHandle, type Services, startServices } from '../../../../scripts/services/index.mjs';
import { type Backend, startBackend } from '../support/backend.js';
import { call, type Visitor, visitor } from '../support/client.js';
import { testWith } from '../support/parts.js';
import { modelsOf, type StandIn, startStandIn } from '../support/stand-in.js';

const test = await testWith('postgres');
const analytics = '/api/analytics/usage-by-model';

describe('while Postgres is away', () => {
  afterEach(() => postgres.thaw().then(() => postgres.start()));
  let services: Services;
  let postgres: ServiceHandle;
  let sage: StandIn;
  let backend: Backend;
  let ada: Visitor;
  beforeAll(async () => {
    // As in earnest: what was committed is there after a crash.
    services = await startServices({ postgres: { settings: { synchronous_commit: 'on' } } });
    postgres = services.postgres as ServiceHandle;
    sage = await startStandIn('sage');
    backend = await startBackend({ DATABASE_URL: postgres.url, MODELS: modelsOf([sage]) });
    ada = await visitor(backend.url);
  });
  afterAll(async () => {
    await backend?.close();
    await sage?.close();
    await services?.close();
  });
  const statusOf = async (path: string) => (await call(backend.url + path)).status;
  const ready = () => statusOf('/health/ready');

  async function everythingIsBack(): Promise<void> {
    await expect.poll(ready, { timeout: 20_000 }).toBe(200);
    await expect.poll(async () => (await ada.chat('back?')).body.stored, { timeout: 20_000 }).toBe(true);
    expect((await ada.get('/api/conversations')).status).toBe(200);
  }

  for (const [how, goAway, comeBack] of [
    ['killed', () => postgres.kill(), () => postgres.start()],
    ['stopped', () => postgres.stop(), () => postgres.start()],
    ['frozen', () => postgres.freeze(), () => postgres.thaw()],
  ] as [string, () => Promise<void>, () => Promise<void>][]) {
    test(`(${how}) readiness is red, liveness green, chat answers, and all comes back by itself`, async () => {
      await everythingIsBack();
      const before = await ada.get(analytics);
      await goAway();
      await expect.poll(ready, { timeout: 20_000 }).toBe(503);
      expect(await statusOf('/health/live')).toBe(200);
      expect((await call(`${backend.url}/health`)).body).toMatchObject({ status: 'down' });

      const startedAt = performance.now();
      expect((await ada.chat('still there?')).body).toMatchObject({
        model: 'sage',
        stored: false,
        conversationId: null,
      });
      expect(performance.now() - startedAt).toBeLessThan(12_000);

      // What was read before is still shown; what was not is a friendly 503.
      expect((await ada.get(analytics)).body).toEqual(before.body);
      const unread = await ada.get('/api/analytics/latency?days=99');
      expect([unread.status, unread.body.type]).toEqual([503, 'urn:problem:storage-unavailable']);
      expect(unread.headers.get('retry-after')).toBe(String(unread.body.retryAfter));
      expect(unread.text).not.toMatch(/ECONN|postgres| {4}at /i);

      await comeBack();
      await everythingIsBack();
    });
  }

  test('a conversation goes on, without what was said before', async () => {
    await everythingIsBack();
    const { conversationId } = (await ada.chat('one')).body;
    await postgres.kill();
    const { body } = await ada.chat('two', { conversationId });
    expect(body).toMatchObject({ conversationId, stored: false });
    await postgres.start();
    await everythingIsBack();
  });
});
