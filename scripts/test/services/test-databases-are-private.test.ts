import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Services, startServices, testDatabase } from '../../services/index.mjs';
import { hasPostgres, query } from './support.ts';

describe.skipIf(!hasPostgres)('a test database', () => {
  let services: Services;

  beforeAll(async () => {
    services = await startServices({ postgres: true });
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await services?.close();
  });

  it.each([
    ['with the Client of pg', pg.Client],
    ['without a client', undefined],
  ])('is created in the server that the environment names, and dropped, %s', async (_how, Client) => {
    vi.stubEnv('MAINSTAY_TEST_DATABASE_URL', services.postgres!.url);
    const database = await testDatabase({ Client });
    const { pathname, port } = new URL(database.url);
    expect(Number(port)).toBe(services.postgres!.port);
    expect(await query(database.url, 'select current_database() as name')).toEqual([
      { name: pathname.slice(1) },
    ]);
    await Promise.all([database.close(), database.close()]);
    await expect(query(database.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
  });

  it('shares one server of its own with its neighbours, which ends with the last of them', async () => {
    vi.stubEnv('MAINSTAY_TEST_DATABASE_URL', '');
    const [one, two] = await Promise.all([testDatabase(), testDatabase()]);
    expect(new URL(one.url).host).toBe(new URL(two.url).host);
    expect(one.url).not.toBe(two.url);
    await one.close();
    expect(await query(two.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await two.close();
    await expect(query(two.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
  });
});
