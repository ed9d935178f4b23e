// A private database for one test, in a server that is named by the environment or started for it.
import { randomBytes } from 'node:crypto';
import { queryPostgres } from './servers/postgres-wire.mjs';
import { startServices } from './services.mjs';

const queryTimeoutMs = 30_000;

/** @type {Promise<import('./index.d.mts').Services> | undefined} */
let sharedServices;
let users = 0;

async function borrowServer() {
  users++;
  try {
    sharedServices ??= startServices({ postgres: true });
    const { postgres, skipped } = await sharedServices;
    if (postgres) return postgres.url;
    const [{ reason, hint } = { reason: 'no PostgreSQL', hint: '' }] = skipped;
    throw Object.assign(new Error(`No PostgreSQL: ${reason}. ${hint}`), { code: 'ERR_SERVICE_MISSING' });
  } catch (error) {
    await returnServer();
    throw error;
  }
}

async function returnServer() {
  users--;
  if (users > 0) return;
  const services = sharedServices;
  sharedServices = undefined;
  await (await services?.catch(() => undefined))?.close();
}

/**
 * @param {string} url
 * @param {string} sql
 * @param {(new (options: { connectionString: string }) => import('./index.d.mts').PgClient) | undefined} Client
 */
async function runStatement(url, sql, Client) {
  if (!Client) {
    const { hostname, port, username, pathname } = new URL(url);
    const user = decodeURIComponent(username) || 'postgres';
    const target = { host: hostname, port: Number(port || 5432), user, timeoutMs: queryTimeoutMs };
    await queryPostgres({ ...target, database: decodeURIComponent(pathname.slice(1)) || user }, sql);
    return;
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/**
 * @param {{ Client?: new (options: { connectionString: string }) => import('./index.d.mts').PgClient }} [options]
 * @returns {Promise<import('./index.d.mts').TestDatabase>}
 */
export async function testDatabase({ Client } = {}) {
  const named = process.env.MAINSTAY_TEST_DATABASE_URL;
  const server = named || (await borrowServer());
  const giveBack = named ? async () => {} : returnServer;
  const name = `mainstay_test_${process.pid}_${randomBytes(6).toString('hex')}`;
  try {
    await runStatement(server, `create database ${name}`, Client);
  } catch (error) {
    await giveBack();
    const said = error instanceof Error ? error.message : String(error);
    const where = named ? 'the server that MAINSTAY_TEST_DATABASE_URL names' : 'the server';
    throw new Error(`could not create a private database in ${where}: ${said}`, { cause: error });
  }
  const url = new URL(server);
  url.pathname = `/${name}`;
  /** @type {Promise<void> | undefined} */
  let closed;
  const close = () => {
    closed ??= runStatement(server, `drop database if exists ${name} with (force)`, Client).finally(giveBack);
    return closed;
  };
  return /** @type {import('./index.d.mts').TestDatabase} */ ({
    url: url.href,
    close,
    [Symbol.asyncDispose]: close,
  });
}
