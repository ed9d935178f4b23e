import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fingerprint, provision, startServices, testDatabase } from '../../services/index.mjs';
import { hasPostgres, hasRedis } from './support.ts';

describe('a part that is not to be had', () => {
  let servicesDir: string;

  beforeEach(() => {
    servicesDir = mkdtempSync(join(tmpdir(), 'mainstay-missing-test-'));
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(servicesDir, { recursive: true, force: true });
  });

  it('is a result with reason and hint, no exception', async () => {
    vi.stubEnv('MAINSTAY_WITHOUT', 'redis');
    const [redis] = await provision(['redis']);
    expect(redis).toEqual({
      name: 'redis',
      available: false,
      reason: 'hidden by MAINSTAY_WITHOUT',
      hint: 'Take redis out of MAINSTAY_WITHOUT.',
    });
  });

  it('says so where no source is left to ask', async () => {
    vi.stubEnv('MAINSTAY_WITHOUT', 'system,debian,npm');
    const parts = await provision(['postgres', 'nginx', 'prometheus', 'alertmanager'], { servicesDir });
    for (const part of parts) {
      expect(part).toMatchObject({ available: false });
      expect(!part.available && part.reason).toMatch(/nowhere to fetch it from/);
      expect(!part.available && part.hint).toMatch(/^Install .*apt-get install .*\.$/);
    }
  });

  it('is listed as skipped, and its handle is undefined', async () => {
    vi.stubEnv('MAINSTAY_WITHOUT', 'redis,postgres');
    const services = await startServices({ postgres: true, redis: true });
    expect(services.postgres).toBeUndefined();
    expect(services.redis).toBeUndefined();
    expect(services.skipped.map((part) => part.name)).toEqual(['postgres', 'redis']);
    await services.close();
  });

  it.skipIf(!hasPostgres || !hasRedis)('does not keep the others from running', async () => {
    vi.stubEnv('MAINSTAY_WITHOUT', 'postgres');
    const services = await startServices({ postgres: true, redis: true });
    expect(services.redis?.pid).toBeGreaterThan(0);
    expect(services.skipped.map((part) => part.name)).toEqual(['postgres']);
    await services.close();
  });

  it('makes a test database fail by a name that callers can act on', async () => {
    vi.stubEnv('MAINSTAY_WITHOUT', 'postgres');
    vi.stubEnv('MAINSTAY_TEST_DATABASE_URL', '');
    await expect(testDatabase()).rejects.toMatchObject({ code: 'ERR_SERVICE_MISSING' });
  });

  it('is part of the fingerprint', async () => {
    vi.stubEnv('MAINSTAY_WITHOUT', 'redis');
    const line = await fingerprint();
    expect(line).toMatch(/^postgres=[^;]+;redis=absent;nginx=[^;]+;prometheus=[^;]+;alertmanager=[^;]+$/);
    if (hasPostgres) expect(line).toMatch(/^postgres=\d+\.\d+;/);
  });

  it('is not confused with a name that no part has', async () => {
    // @ts-expect-error no such part
    await expect(provision(['oracle'])).rejects.toThrow(/unknown part "oracle"; known: postgres, redis/);
  });
});

it('looking for a part can be called off', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(provision(['redis'], { signal })).rejects.toThrow('enough');
});
