import { expect, onTestFinished, test } from 'vitest';
import { PgPool, type PgPoolOptions } from '../src/pg.js';

/** What the process is warned of while a pool is made. */
async function warnings(options: object, Client?: PgPoolOptions['Client']): Promise<string[]> {
  const heard: string[] = [];
  const hear = (warning: Error & { code?: string }) => {
    if (warning.code === 'MAINSTAY_OPTION') heard.push(`${warning.name}: ${warning.message}`);
  };
  process.on('warning', hear);
  onTestFinished(() => {
    process.off('warning', hear);
  });
  new PgPool(options, Client);
  await new Promise((resolve) => setImmediate(resolve));
  return heard;
}

test.each([
  ['aquireTimeoutMs', 'acquireTimeoutMs'],
  ['maxLifetimeMS', 'maxLifetimeMs'],
  ['connectionTimeoutMilis', 'connectionTimeoutMillis'],
  ['idleTimeoutMilliseconds', undefined],
  ['statementTimeout', 'statement_timeout'],
  ['pasword', 'password'],
])('"%s" is no option: is "%s" meant?', async (name, meant) => {
  const hint = `MainstayWarning: PgPool: unknown option "${name}", did you mean "${meant}"?`;
  expect(await warnings({ [name]: 5 })).toEqual(meant === undefined ? [] : [hint]);
});

test('names that only look strange are handed on in silence, as pg.Pool does', async () => {
  // What people spread into it of the options of TypeORM and Knex, and what pg reads and its types do not have.
  const others = { type: 'postgres', client: 'pg', logging: true, schema: 'public', unknownThing: 1 };
  const pgsOwn = { binary: false, replication: undefined, sslmode: 'prefer', lock_timeout: 5, keepalives: 1 };
  expect(await warnings({ ...others, ...pgsOwn })).toEqual([]);
  class Own {}
  expect(await warnings({ aquireTimeoutMs: 5, Client: Own })).toEqual([]);
  expect(await warnings({ aquireTimeoutMs: 5 }, Own as never)).toEqual([]);
  expect(new PgPool({ unknownThing: 1 } as object).options).toMatchObject({ unknownThing: 1 });
});

test.each([
  [{ onConnect: 5 }, TypeError, 'option "onConnect" must be a function, received 5'],
  [{ verify: 5 }, TypeError, 'option "verify" must be a function'],
  [{ Client: 5 }, TypeError, 'option "Client" must be a function'],
  [{ Promise: {} }, TypeError, 'option "Promise" must be a function'],
  [{ log: true }, TypeError, 'option "log" must be a function'],
  [{ query_timeout: -1 }, RangeError, 'option "query_timeout" must be a number from 0, received -1'],
  [{ query_timeout: 'soon' }, TypeError, 'option "query_timeout" must be a number'],
  [{ maxLifetimeSeconds: 'x' }, TypeError, 'option "maxLifetimeSeconds" must be a number'],
  [{ idleTimeoutMillis: -5 }, RangeError, 'option "idleTimeoutMillis" must be a number'],
  [{ connectionTimeoutMillis: {} }, TypeError, 'option "connectionTimeoutMillis" must be a number'],
])('what pg.Pool cannot use is refused by its name: %o', (options, kind, message) => {
  expect(() => new PgPool(options as PgPoolOptions)).toThrow(kind);
  expect(() => new PgPool(options as PgPoolOptions)).toThrow(message);
});

test('a Client that cannot be made is refused where it is given beside the options, too', () => {
  expect(() => new PgPool({}, 5 as never)).toThrow('option "Client" must be a function');
});

test.each([
  { query_timeout: '5' },
  { query_timeout: false },
  { maxLifetimeSeconds: '5' },
  { idleTimeoutMillis: '5000', connectionTimeoutMillis: '100' },
  { idleTimeoutMillis: null, connectionTimeoutMillis: null },
  { max: null, min: null, maxUses: null },
  { max: 0, onConnect: null, verify: undefined, log: false, Client: null, allowExitOnIdle: 'x' },
])('what pg.Pool makes sense of is taken: %o', (options) => {
  expect(() => new PgPool(options as unknown as PgPoolOptions)).not.toThrow();
});
