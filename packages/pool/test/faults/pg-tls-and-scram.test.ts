import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, expect, onTestFinished, type TestFunction, test } from 'vitest';
import { startServices } from '../../../../scripts/services/index.mjs';
import { PgPool, type PgPoolOptions } from '../../src/pg.js';

const services = await startServices({ postgres: true });
afterAll(() => services.close());
const { postgres } = services;
const missing = services.skipped[0];

/** A certificate for 127.0.0.1 that is worth nothing elsewhere. */
const read = (name: string): string => readFileSync(new URL(`./tls/${name}`, import.meta.url), 'utf8');
const certificate = read('server.crt');

/** Writes a file into the server's data folder, as the server, since nobody else may. */
const writeFile = (client: pg.Client, name: string, content: string): Promise<unknown> =>
  client.query(
    `COPY (SELECT unnest(string_to_array($file$${content}$file$, E'\\n'))) TO PROGRAM 'umask 077; cat > ${name}'`,
  );

async function demandTlsAndScram(): Promise<void> {
  if (postgres === undefined) return;
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query("SET password_encryption = 'scram-sha-256'");
  await client.query("CREATE ROLE guarded LOGIN PASSWORD 'a secret' SUPERUSER");
  await writeFile(client, 'server.crt', certificate);
  await writeFile(client, 'server.key', read('server.key'));
  await writeFile(
    client,
    'pg_hba.conf',
    'hostssl all guarded 127.0.0.1/32 scram-sha-256\nhost all mainstay 127.0.0.1/32 trust',
  );
  await client.query('ALTER SYSTEM SET ssl = on');
  await client.end();
  await postgres.restart();
}
await demandTlsAndScram();

function tlsTest(name: string, body: TestFunction): void {
  test.skipIf(missing !== undefined)(
    missing === undefined ? name : `${name} (${missing.reason}; ${missing.hint})`,
    body,
  );
}

function guardedPool(options: PgPoolOptions = {}): PgPool {
  const pool = new PgPool({
    host: '127.0.0.1',
    port: postgres?.port,
    database: 'mainstay',
    user: 'guarded',
    password: 'a secret',
    ssl: { ca: certificate },
    ...options,
  });
  onTestFinished(() => pool.end());
  return pool;
}

const inTls = 'SELECT ssl, pid FROM pg_stat_ssl WHERE pid = pg_backend_pid()';

tlsTest('connections are encrypted, and the password is proved by SCRAM', async () => {
  const pool = guardedPool();
  expect((await pool.query(inTls)).rows).toMatchObject([{ ssl: true }]);
  const channelBound = guardedPool({ enableChannelBinding: true } as PgPoolOptions);
  expect((await channelBound.query(inTls)).rows).toMatchObject([{ ssl: true }]);
});

tlsTest('a statement is cancelled over TLS, and the connection is kept', async () => {
  const pool = guardedPool({ max: 1 });
  const before = (await pool.query(inTls)).rows;
  const since = performance.now();
  await expect(pool.query({ text: 'SELECT pg_sleep(20)', timeoutMs: 50 })).rejects.toMatchObject({
    code: 'ERR_QUERY_TIMEOUT',
  });
  expect((await pool.query(inTls)).rows).toEqual(before);
  expect(performance.now() - since).toBeLessThan(2_000);
});

tlsTest('a wrong password, no TLS and a strange certificate are told at once, to every caller', async () => {
  const since = performance.now();
  for (const [options, code] of [
    [{ password: 'another' }, '28P01'],
    [{ ssl: false }, '28000'],
    [{ ssl: true }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ] as const) {
    const pool = guardedPool(options);
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => pool.query('SELECT 1')));
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { code } });
    expect(pool.stats().createErrors).toBeLessThan(6);
  }
  expect(performance.now() - since).toBeLessThan(5_000);
});
