import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startServices } from '../../../scripts/services/index.mjs';
import { type System, startBackend, startSystem } from './support/backend.js';
import { visitor } from './support/client.js';
import { testWith } from './support/parts.js';
import { modelsOf } from './support/stand-in.js';

const test = await testWith('postgres');
const testWithRedis = await testWith('postgres', 'redis');
const paths = ['usage-by-model', 'usage-by-day', 'latency'].map((name) => `/api/analytics/${name}`);

describe('analytics', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system?.close());

  test('are read once and then answered from the cache', async () => {
    const ada = await visitor(system.url);
    await ada.chat('hi');
    for (const path of paths) {
      const [first, second] = [await ada.get(path), await ada.get(path)];
      expect([path, first.headers.get('x-cache'), second.headers.get('x-cache')]).toEqual([
        path,
        'miss',
        'hit',
      ]);
      expect(second.body).toEqual(first.body);
      expect((await ada.get(`${path}?days=7`)).headers.get('x-cache')).toBe('miss');
    }
  });

  test('change with the answer that changes them, for its user alone', async () => {
    const [bob, cleo] = [await visitor(system.url, 'bob'), await visitor(system.url, 'cleo')];
    await bob.chat('hi');
    await cleo.chat('hi');
    for (const path of paths) await Promise.all([bob.get(path), cleo.get(path)]);
    await bob.chat('again', { model: 'scout' });
    for (const path of paths) {
      expect((await bob.get(path)).headers.get('x-cache')).toBe('miss');
      expect((await cleo.get(path)).headers.get('x-cache')).toBe('hit');
    }
    const { body } = await bob.get('/api/analytics/usage-by-model');
    expect(body.rows).toEqual([
      { model: 'sage', answers: 1, promptTokens: 1, completionTokens: 8, fallbacks: 0 },
      { model: 'scout', answers: 1, promptTokens: 1, completionTokens: 8, fallbacks: 0 },
    ]);
  });

  test('sum up what was answered', async () => {
    const dora = await visitor(system.url, 'dora');
    for (let round = 0; round < 3; round += 1) await dora.chat('one two');
    const byDay = await dora.get('/api/analytics/usage-by-day');
    expect(byDay.body.rows).toEqual([
      { day: new Date().toISOString().slice(0, 10), answers: 3, promptTokens: 6, completionTokens: 27 },
    ]);
    const [latency] = (await dora.get('/api/analytics/latency')).body.rows;
    expect(latency).toMatchObject({ model: 'sage', answers: 3 });
    expect(latency.p50Ms).toBeLessThanOrEqual(latency.p95Ms);
    expect(latency.p99Ms).toBeLessThanOrEqual(latency.maxMs);
  });

  test('hold conversations to the same rule', async () => {
    const finn = await visitor(system.url, 'finn');
    const { body } = await finn.chat('hi');
    const path = `/api/conversations/${body.conversationId}`;
    await finn.get(path);
    expect((await finn.get(path)).headers.get('x-cache')).toBe('hit');
    await finn.chat('more', { conversationId: body.conversationId });
    const after = await finn.get(path);
    expect([after.headers.get('x-cache'), after.body.messages.length]).toEqual(['miss', 4]);
  });

  testWithRedis('are shared between two instances through Redis, and so is their end', async () => {
    await using services = await startServices({ redis: true });
    const env = {
      DATABASE_URL: system.databaseUrl,
      REDIS_URL: services.redis?.url ?? '',
      MODELS: modelsOf([system.sage, system.scout]),
    };
    const [one, two] = [await startBackend(env), await startBackend(env)];
    try {
      const [here, there] = [await visitor(one.url, 'gil'), await visitor(two.url, 'gil')];
      await here.chat('hi');
      const path = '/api/analytics/usage-by-model';
      await expect.poll(async () => (await here.get(path)).headers.get('x-cache')).toBe('hit');
      await expect.poll(async () => (await there.get(path)).headers.get('x-cache')).toBe('hit');
      await here.chat('again');
      await expect.poll(async () => (await there.get(path)).body.rows[0].answers).toBe(2);
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  });
});
