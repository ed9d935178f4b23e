import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceExit, type Services, startServices } from '../../services/index.mjs';
import { askRedis, eventually, hasPostgres, hasRedis, query } from './support.ts';

describe.skipIf(!hasPostgres || !hasRedis)('a server on demand', () => {
  let services: Services;
  const exits: ServiceExit[] = [];

  beforeAll(async () => {
    services = await startServices({ postgres: true, redis: true, onExit: (exit) => exits.push(exit) });
    await query(services.postgres!.url, 'create table kept (id int)');
  });

  afterAll(() => services?.close());

  it('comes back on the same port with the same data after a restart', async () => {
    const { url, pid } = services.postgres!;
    await query(url, 'insert into kept values (1)');
    await services.postgres!.restart();
    expect(services.postgres!.url).toBe(url);
    expect(services.postgres!.pid).not.toBe(pid);
    expect(await query(url, 'select id from kept')).toContainEqual({ id: 1 });
  });

  it('comes back after it was killed, and its connections were cut', async () => {
    const { url } = services.postgres!;
    const sleeping = query(url, 'select pg_sleep(60)').catch((error: Error) => error.message);
    await eventually(
      async () =>
        (
          await query(
            url,
            "select 1 from pg_stat_activity where query like '%pg_sleep(60)' and pid <> pg_backend_pid()",
          )
        ).length === 1,
      'the query runs',
    );
    await services.postgres!.kill();
    expect(await sleeping).toMatch(/terminated|reset|closed/i);
    await expect(query(url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
    await services.postgres!.start();
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('accepts but does not answer while frozen', async () => {
    const { redis, postgres } = services;
    await redis!.freeze();
    await postgres!.freeze();
    expect(await askRedis(redis!.url, 'PING', 300)).toBeUndefined();
    const late = query(postgres!.url, 'select 2 as two');
    await redis!.thaw();
    await postgres!.thaw();
    expect(await askRedis(redis!.url, 'PING')).toBe('+PONG\r\n');
    expect(await late).toEqual([{ two: 2 }]);
  });

  it('stops, refuses, and starts again', async () => {
    const { redis } = services;
    await redis!.stop();
    await expect(askRedis(redis!.url, 'PING')).rejects.toThrow(/ECONNREFUSED/);
    await redis!.start();
    expect(await askRedis(redis!.url, 'PING')).toBe('+PONG\r\n');
  });

  it('tells of a death that nobody ordered, and only of such', async () => {
    expect(exits).toEqual([]);
    process.kill(services.redis!.pid, 'SIGKILL');
    await eventually(() => exits.length === 1, 'the death is told');
    expect(exits[0]).toMatchObject({ name: 'redis', signal: 'SIGKILL' });
    expect(exits[0]!.lastLines).toContain('Ready to accept connections');
    await services.redis!.start();
    expect(await askRedis(services.redis!.url, 'PING')).toBe('+PONG\r\n');
  });

  it('says what the server said and what to do when it cannot start', async () => {
    const started = startServices({ postgres: { settings: { shared_buffers: 'plenty' } } });
    await expect(started).rejects.toThrow(/could not be started[\s\S]*last words[\s\S]*shared_buffers/);
    await expect(started).rejects.toMatchObject({ code: 'ERR_SERVICE_START' });
  });
});

describe.skipIf(!hasPostgres || !hasRedis)('kept data', () => {
  let dataDir: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mainstay-kept-data-test-'));
  });

  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  it('survive the end of the set, and are open to one set at a time', async () => {
    const before = await startServices({ postgres: true, redis: true, dataDir });
    await query(before.postgres!.url, 'create table kept as select 42 as answer');
    await askRedis(before.redis!.url, 'SET answer 42');
    const intruder = startServices({ redis: true, dataDir });
    await expect(intruder).rejects.toThrow(/in use by process \d+: stop that one first/);
    await before.close();

    const after = await startServices({ postgres: true, redis: true, dataDir });
    expect(await query(after.postgres!.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(await askRedis(after.redis!.url, 'GET answer')).toContain('42');
    expect(await query(after.postgres!.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
    await after.close();
  });

  it('of another major version are refused with the way out', async () => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(dataDir, 'postgres/data/PG_VERSION'), '9\n');
    const started = startServices({ postgres: true, dataDir });
    await expect(started).rejects.toThrow(
      /made by PostgreSQL 9, and the server found here is .*delete .*postgres to begin empty/,
    );
  });
});
