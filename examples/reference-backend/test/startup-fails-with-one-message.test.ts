import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test as testAlone } from 'vitest';
import { type Services, startServices } from '../../../scripts/services/index.mjs';
import { readConfig } from '../src/config/config.js';
import { DatabaseStartError } from '../src/database/migrate.js';
import { explainStartupError } from '../src/startup-error.js';
import { testWith } from './support/parts.js';
import { type Ended, startProcess } from './support/process.js';

const test = await testWith('postgres');

/** One message on stderr, nothing of our inside, exit code 1: resolves to the message. */
async function failure(env: Record<string, string>): Promise<string> {
  const { code, stderr } = await startProcess({ LOG_LEVEL: 'silent', ...env }).ended;
  expect([code, stderr.trim().split('\n').length]).toEqual([1, 1]);
  expect(stderr).not.toMatch(/ {4}at |node:internal|\.js:\d/);
  return stderr.trim();
}

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('a start that cannot work ends with one message', () => {
  let services: Services;
  let folder: string;
  let url: URL;
  const databaseUrl = (change: Partial<Record<'username' | 'password' | 'pathname' | 'port', string>> = {}) =>
    Object.assign(new URL(url), change).href;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'mainstay-hba-'));
    chmodSync(folder, 0o755);
    // The role "locked" needs its password, everybody else is let in.
    const rules =
      'host all locked 127.0.0.1/32 scram-sha-256\nlocal all all trust\nhost all all 127.0.0.1/32 trust\n';
    writeFileSync(path.join(folder, 'pg_hba.conf'), rules, { mode: 0o644 });
    services = await startServices({
      postgres: { settings: { hba_file: path.join(folder, 'pg_hba.conf') } },
    });
    url = new URL(services.postgres?.url ?? '');
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    await client.query("CREATE ROLE locked LOGIN PASSWORD 'right'; CREATE ROLE guest LOGIN");
    await client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await client.query('CREATE DATABASE locked_down');
    await client.end();
  });
  afterAll(async () => {
    await services?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('when Postgres is not there', async () => {
    const message = await failure({ DATABASE_URL: 'postgres://ada:hush-hush@127.0.0.1:1/gateway' });
    expect(message).toBe(
      'Postgres cannot be reached at postgres://127.0.0.1:1/gateway (ECONNREFUSED). Start it, or correct DATABASE_URL.',
    );
  });

  test('when the host of Postgres does not exist', async () => {
    const message = await failure({ DATABASE_URL: 'postgres://ada@nowhere.invalid/gateway' });
    expect(message).toMatch(
      /^Postgres cannot be reached at postgres:\/\/nowhere.invalid\/gateway \(E[A-Z_]+\)\./,
    );
  });

  test('when what answers there is not Postgres, or says nothing', async () => {
    const silent = await listening(createServer(() => {}));
    const rude = await listening(createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    for (const server of [silent, rude]) {
      const { port } = server.address() as { port: number };
      expect(await failure({ DATABASE_URL: databaseUrl({ port: String(port) }) })).toMatch(
        /^Postgres cannot be reached/,
      );
      server.close();
    }
  });

  test('when the password is wrong', async () => {
    const message = await failure({
      DATABASE_URL: databaseUrl({ username: 'locked', password: 'wrong-guess' }),
    });
    expect(message).toMatch(
      /^Postgres at postgres:.* refuses the password of user "locked"\. Correct DATABASE_URL\.$/,
    );
    expect(message).not.toContain('wrong-guess');
  });

  test('when the database does not exist', async () => {
    const message = await failure({ DATABASE_URL: databaseUrl({ pathname: '/nowhere' }) });
    expect(message).toMatch(
      /^There is no database "nowhere" at postgres:.*\. Create it \(createdb\), or correct/,
    );
  });

  test('when the user may not create tables', async () => {
    const message = await failure({ DATABASE_URL: databaseUrl({ username: 'guest' }) });
    expect(message).toMatch(/User "guest" may not do this at .*\. Grant it CREATE/);
  });

  test('when a migration fails', async () => {
    const client = new pg.Client({ connectionString: databaseUrl({ pathname: '/locked_down' }) });
    await client.connect();
    await client.query('CREATE TABLE usage (id integer)');
    await client.end();
    expect(await failure({ DATABASE_URL: databaseUrl({ pathname: '/locked_down' }) })).toBe(
      'Migration 2 "usage" failed: relation "usage" already exists',
    );
  });

  test('when the port is taken', async () => {
    const taken = await listening(createServer());
    const { port } = taken.address() as { port: number };
    const message = await failure({ DATABASE_URL: databaseUrl(), PORT: String(port) });
    taken.close();
    expect(message).toBe(
      `Port ${port} on 127.0.0.1 is taken. Stop what is using it, or set PORT to another one (0 takes any free one).`,
    );
  });

  test('when HOST is a name that nobody knows, which is not held against Postgres', async () => {
    expect(await failure({ DATABASE_URL: databaseUrl(), HOST: 'no-such.invalid' })).toMatch(
      /^HOST=no-such\.invalid is a name that nobody knows \(E[A-Z_]+\)\./,
    );
  });

  test('when HOST is no address of this machine', async () => {
    expect(await failure({ DATABASE_URL: databaseUrl(), HOST: '192.0.2.1' })).toBe(
      'HOST=192.0.2.1 is no address of this machine. 127.0.0.1 and 0.0.0.0 always are.',
    );
  });
});

describe('a start that needs no database to fail', () => {
  testAlone('tells that the disk is full', () => {
    const config = readConfig({ DATABASE_URL: 'postgres://127.0.0.1/gateway' });
    const full = Object.assign(new pg.DatabaseError('could not extend file', 1, 'error'), { code: '53100' });
    const written = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    for (const error of [full, written, new Error('wrapped', { cause: full })]) {
      expect(explainStartupError(error, config)).toMatch(/^The disk is full\. Free some space/);
    }
  });

  testAlone('calls a mistake of ours by its name, wherever it happens', () => {
    const config = readConfig({ DATABASE_URL: 'postgres://127.0.0.1/gateway' });
    const bug = new TypeError('metrics.watch is not a function');
    for (const error of [bug, new DatabaseStartError('while migrating', { cause: bug })]) {
      expect(explainStartupError(error, config)).toBe(
        'The backend could not start: metrics.watch is not a function',
      );
    }
    const denied = Object.assign(new Error('EACCES: denied'), { code: 'EACCES', syscall: 'open' });
    expect(explainStartupError(denied, config)).toBe('The backend could not start: EACCES: denied');
  });

  testAlone('tells every problem of the configuration', async () => {
    const { code, stderr, stdout }: Ended = await startProcess({ PORT: 'http', DATABASE_URL: 'x' }).ended;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /has 2 problems:\n {2}PORT: received "http"[\s\S]*DATABASE_URL: received 1 characters \(hidden\)/,
    );
  });

  testAlone('is what --check-config tries, and nothing more', async () => {
    const good = await startProcess({ DATABASE_URL: 'postgres://ada:hush@db.example/gateway' }, [
      '--check-config',
    ]).ended;
    expect([good.code, good.stderr]).toEqual([0, '']);
    expect(good.stdout).toContain('postgres   postgres://db.example/gateway');
    expect(good.stdout).not.toContain('hush');
    expect((await startProcess({}, ['--check-config']).ended).code).toBe(1);
  });
});
