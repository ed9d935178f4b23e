import pg from 'pg';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../scripts/services/index.mjs';
import { call } from './support/client.js';
import { testWith } from './support/parts.js';
import { startProcess } from './support/process.js';

const test = await testWith('postgres');

describe('the logs', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase({ Client: pg.Client });
  });
  afterAll(() => database?.close());

  test('name the path of a request and not its query string', async () => {
    const backend = startProcess({ DATABASE_URL: database.url });
    const url = await backend.ready;
    for (const path of ['/nowhere', '/api/models', '/api/models/%ff'])
      await call(`${url}${path}?token=hush-hush`);
    backend.child.kill('SIGTERM');
    const { stdout } = await backend.ended;
    for (const path of ['/nowhere', '/api/models', '/api/models/%ff'])
      expect(stdout).toContain(`"url":"${path}"`);
    expect(stdout).not.toContain('hush');
  });

  test('say once which Redis cannot be reached and why, without its password', async () => {
    const backend = startProcess({
      DATABASE_URL: database.url,
      REDIS_URL: 'redis://ada:hush-hush@127.0.0.1:1/2',
    });
    const url = await backend.ready;
    await expect.poll(async () => (await call(`${url}/health`)).body.status).toBe('degraded');
    // It is away; now long enough for several more attempts.
    await new Promise((resolve) => setTimeout(resolve, 800));
    backend.child.kill('SIGTERM');
    const { stdout } = await backend.ended;
    const told = stdout.split('\n').filter((line) => line.includes('Redis cannot be used'));
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] ?? '')).toMatchObject({
      redis: 'redis://127.0.0.1:1/2',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    expect(stdout).not.toContain('hush');
  });
});
