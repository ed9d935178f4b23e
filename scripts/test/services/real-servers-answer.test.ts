import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Services, startServices } from '../../services/index.mjs';
import { askRedis, eventually, hasPostgres, hasRedis, isRunning, query } from './support.ts';

describe.skipIf(!hasPostgres || !hasRedis)('a set of services', () => {
  let first: Services;
  let second: Services;

  beforeAll(async () => {
    [first, second] = await Promise.all([
      startServices({ postgres: { settings: { max_connections: 17 } }, redis: true }),
      startServices({ postgres: true, redis: { settings: { maxmemory: '7mb' } } }),
    ]);
  });

  afterAll(async () => {
    await Promise.all([first?.close(), second?.close()]);
  });

  it('has a real PostgreSQL and a real Redis that answer', async () => {
    const [row] = await query(first.postgres!.url, 'select current_user as me, current_database() as place');
    expect(row).toEqual({ me: 'mainstay', place: 'mainstay' });
    expect(await askRedis(first.redis!.url, 'PING')).toBe('+PONG\r\n');
    expect(first.skipped).toEqual([]);
    expect(first.postgres!.describe).toMatch(/^PostgreSQL \d+\.\d+ \((system|npm)\)$/);
    expect(first.redis!.describe).toMatch(/^Redis \d+\.\d+\.\d+ \((system|debian)\)$/);
  });

  it('hands the settings that it was given to the server', async () => {
    expect(await query(first.postgres!.url, 'show max_connections')).toEqual([{ max_connections: '17' }]);
    expect(await askRedis(second.redis!.url, 'CONFIG GET maxmemory')).toContain('7340032');
  });

  it('listens on 127.0.0.1 alone', async () => {
    expect(await query(first.postgres!.url, 'show listen_addresses')).toEqual([
      { listen_addresses: '127.0.0.1' },
    ]);
    expect(await query(first.postgres!.url, 'show unix_socket_directories')).toEqual([
      { unix_socket_directories: '' },
    ]);
    expect(await askRedis(first.redis!.url, 'CONFIG GET bind')).toContain('127.0.0.1');
  });

  it('shares nothing with another set that runs beside it', async () => {
    const ports = [first, second].flatMap((set) => [set.postgres!.port, set.redis!.port]);
    expect(new Set(ports).size).toBe(4);
    await query(first.postgres!.url, 'create table only_here (id int)');
    const found = await query(second.postgres!.url, "select to_regclass('only_here') as found");
    expect(found).toEqual([{ found: null }]);
    await askRedis(first.redis!.url, 'SET only here');
    expect(await askRedis(second.redis!.url, 'GET only')).toBe('$-1\r\n');
  });

  it.runIf(process.getuid?.() === 0)(
    'runs its servers as an ordinary user when started by root',
    async () => {
      const { statSync } = await import('node:fs');
      expect(statSync(`/proc/${first.postgres!.pid}`).uid).not.toBe(0);
      expect(statSync(`/proc/${first.redis!.pid}`).uid).not.toBe(0);
    },
  );

  it('ends all its servers and can be closed twice', async () => {
    const set = await startServices({ postgres: true, redis: true });
    const pids = [set.postgres!.pid, set.redis!.pid];
    expect(pids.every(isRunning)).toBe(true);
    await Promise.all([set.close(), set.close()]);
    await eventually(() => !pids.some(isRunning), 'both servers have ended');
    await expect(set.redis!.restart()).rejects.toMatchObject({ code: 'ERR_SERVICES_CLOSED' });
  });
});

describe('the options of a set of services', () => {
  it('names an option that it does not know', async () => {
    // @ts-expect-error no such part
    await expect(startServices({ mysql: true })).rejects.toThrow(
      /unknown option mysql; known: postgres, redis/,
    );
    // @ts-expect-error not an object
    await expect(startServices({ redis: 'yes' })).rejects.toThrow(
      'redis must be true, false or an object, not "yes"',
    );
  });

  it.skipIf(!hasRedis)('gives up a start that is called off and leaves nothing running', async () => {
    const controller = new AbortController();
    const started = startServices({
      postgres: true,
      redis: true,
      signal: controller.signal,
      log: () => controller.abort(),
    });
    await expect(started).rejects.toMatchObject({ name: 'AbortError' });
  });
});
