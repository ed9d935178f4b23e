import pg from 'pg';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../scripts/services/index.mjs';
import { call, visitor } from './support/client.js';
import { testWith } from './support/parts.js';
import { startProcess } from './support/process.js';
import { modelsOf, type StandIn, startStandIn } from './support/stand-in.js';

const test = await testWith('postgres');

describe('a shutdown', () => {
  let database: TestDatabase;
  let sage: StandIn;
  beforeAll(async () => {
    database = await testDatabase({ Client: pg.Client });
    sage = await startStandIn('sage');
  });
  afterAll(async () => {
    await sage?.close();
    await database?.close();
  });
  const start = () => startProcess({ DATABASE_URL: database.url, MODELS: modelsOf([sage], 10_000) });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`by ${signal} lets an answer under way go out and be stored, then ends with 0`, async () => {
      const backend = start();
      const ada = await visitor(await backend.ready);
      await sage.control({ mode: 'slow', delayMs: 700 });
      const { asked } = await sage.counts();
      const answer = ada.chat('are you leaving?');
      await expect.poll(async () => (await sage.counts()).asked).toBe(asked + 1);
      backend.child.kill(signal);
      expect(await answer).toMatchObject({ status: 200, body: { model: 'sage', stored: true } });
      const { code, stderr } = await backend.ended;
      expect([code, stderr]).toEqual([0, '']);
    });
  }

  test('by a second signal is not drained', async () => {
    const backend = start();
    const ada = await visitor(await backend.ready);
    await sage.control({ mode: 'hang' });
    const { asked } = await sage.counts();
    const answer = ada.chat('are you leaving?').catch((error: unknown) => error);
    await expect.poll(async () => (await sage.counts()).asked).toBe(asked + 1);
    backend.child.kill('SIGTERM');
    // What comes at once is taken for the same signal, delivered twice; so again and again until it is forced.
    const again = setInterval(() => backend.child.kill('SIGTERM'), 400);
    // Drained, it would end with 0, once the model's time is over.
    expect((await backend.ended).code).toBe(1);
    clearInterval(again);
    expect(await answer).toBeInstanceOf(Error);
  });

  test('follows when the parent process is gone', async () => {
    const backend = start();
    const url = await backend.ready;
    expect((await call(`${url}/health/ready`)).status).toBe(200);
    backend.child.disconnect();
    expect((await backend.ended).code).toBe(0);
  });
});
