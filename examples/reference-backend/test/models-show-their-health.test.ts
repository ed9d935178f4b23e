import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type System, startSystem } from './support/backend.js';
import { type Visitor, visitor } from './support/client.js';
import { testWith } from './support/parts.js';

const test = await testWith('postgres');

describe('models', () => {
  let system: System;
  let ada: Visitor;
  beforeAll(async () => {
    system = await startSystem({ CIRCUIT_OPEN_MS: '500' });
    ada = await visitor(system.url);
  });
  afterAll(() => system?.close());
  const sage = async () => (await ada.get('/api/models/sage')).body;

  test('are listed in the order of fallback, available before anybody asked them', async () => {
    const { body } = await ada.get('/api/models');
    expect(body.models.map(({ name, status }: Record<string, string>) => [name, status])).toEqual([
      ['sage', 'available'],
      ['scout', 'available'],
    ]);
    expect(await sage()).toMatchObject({
      latency: { p50Ms: null, calls: 0 },
      lastError: null,
      lastSuccessAt: null,
    });
  });

  test('go from available over unavailable to available again', async () => {
    const before = Date.now();
    await ada.chat('hi');
    const well = await sage();
    expect(well).toMatchObject({ status: 'available', circuit: { state: 'closed' }, latency: { calls: 1 } });
    expect(well.latency.p95Ms).toBeGreaterThan(0);
    expect(Date.parse(well.lastSuccessAt)).toBeGreaterThanOrEqual(before);

    await system.sage.control({ mode: 'fail' });
    await ada.chat('hi');
    expect(await sage()).toMatchObject({ status: 'degraded', lastError: { reason: 'http-error' } });
    await expect
      .poll(async () => {
        await ada.chat('hi');
        return sage();
      })
      .toMatchObject({ status: 'unavailable', circuit: { state: 'open' } });

    await system.sage.control({ mode: 'ok' });
    await expect
      .poll(async () => {
        await ada.chat('hi');
        return (await sage()).status;
      })
      .toBe('available');
  });

  test('are degraded while they are slow', async () => {
    await system.scout.control({ mode: 'slow', delayMs: 1_300 });
    await ada.chat('hi', { model: 'scout' });
    expect((await ada.get('/api/models/scout')).body).toMatchObject({
      status: 'degraded',
      circuit: { state: 'closed' },
    });
  });

  test('that do not exist are answered with those that do', async () => {
    const { status, body } = await ada.get('/api/models/oracle');
    expect([status, body.knownModels]).toEqual([404, ['sage', 'scout']]);
    expect(body.detail).toContain('There are: sage, scout.');
  });
});
