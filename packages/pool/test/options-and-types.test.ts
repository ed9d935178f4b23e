import type pg from 'pg';
import { expect, expectTypeOf, test } from 'vitest';
import { type Lease, Pool, type PoolOptions, type PoolStats } from '../src/index.js';
import type { PgClient, PgPool } from '../src/pg.js';

const right: PoolOptions<string> = { name: 'right', create: () => 'resource' };

test.each([
  [{ ...right, max: 0 }, RangeError, 'option "max" must be a whole number'],
  [{ ...right, max: '10' }, TypeError, 'option "max" must be a whole number'],
  [{ ...right, min: 11 }, RangeError, 'option "min" must be at most max (10), received 11'],
  [{ ...right, acquireTimeoutMs: Number.NaN }, RangeError, 'option "acquireTimeoutMs"'],
  [{ ...right, idleTimeoutMs: -1 }, RangeError, 'option "idleTimeoutMs"'],
  [
    { ...right, idleTimeoutMS: 5 },
    TypeError,
    'unknown option "idleTimeoutMS", did you mean "idleTimeoutMs"?',
  ],
  [{ name: 'no create' }, TypeError, 'option "create" must be a function'],
  [{ create: () => 'nameless' }, TypeError, 'option "name"'],
  [{ ...right, keepaliveMs: 1_000 }, TypeError, 'option "keepaliveMs" needs "validate"'],
  [{ ...right, overflow: -1 }, RangeError, 'option "overflow"'],
  [{ ...right, clock: {} }, TypeError, 'option "clock" must be a clock'],
] as [PoolOptions<string>, typeof TypeError, string][])(
  'a wrong option is named: %o',
  (options, kind, message) => {
    expect(() => new Pool(options)).toThrow(kind);
    expect(() => new Pool(options)).toThrow(message);
  },
);

test('options are neither kept nor changed, and stats are all there from the start', () => {
  const options = Object.freeze({ ...right });
  const pool = new Pool(options);
  expect(pool.kind).toBe('pool');
  expect(pool.stats()).toEqual({
    size: 0,
    idle: 0,
    inUse: 0,
    waiting: 0,
    connecting: 0,
    min: 0,
    max: 10,
    overflow: 0,
    failedCreations: 0,
    acquired: 0,
    released: 0,
    waited: 0,
    acquireTimeouts: 0,
    acquireAborted: 0,
    refused: 0,
    unreachable: 0,
    created: 0,
    createErrors: 0,
    destroyed: 0,
    destroyedIdle: 0,
    destroyedSurplus: 0,
    destroyedLifetime: 0,
    validationFailures: 0,
    keepalives: 0,
    leaksSuspected: 0,
    leaksReclaimed: 0,
    acquireWaitMs: 0,
    heldMs: 0,
    createMs: 0,
  });
});

test('types follow the resource and pg', () => {
  const pool = new Pool({ name: 'typed', create: async () => ({ port: 1 }) });
  expectTypeOf(pool).toEqualTypeOf<Pool<{ port: number }>>();
  expectTypeOf(pool.acquire).returns.resolves.toEqualTypeOf<Lease<{ port: number }>>();
  expectTypeOf(() => pool.use(({ port }) => `${port}`)).returns.resolves.toEqualTypeOf<string>();
  expectTypeOf(pool.stats).returns.toEqualTypeOf<PoolStats>();
  expectTypeOf<PgPool>().toExtend<pg.Pool>();
  expectTypeOf<PgPool['query']>().toExtend<pg.Pool['query']>();
  const typed = (database: PgPool) => database.query<{ id: number }>('SELECT 1 AS id');
  expectTypeOf(typed).returns.resolves.toEqualTypeOf<pg.QueryResult<{ id: number }>>();
  expectTypeOf<PgClient>().toExtend<pg.PoolClient>();
  const { signal } = new AbortController();
  const rows = (held: PgClient) =>
    held.query<[number]>({ text: 'SELECT 1', rowMode: 'array', signal, timeoutMs: 5 });
  expectTypeOf(rows).returns.resolves.toEqualTypeOf<pg.QueryArrayResult<[number]>>();
  const withValues = (held: PgClient) => held.query({ text: 'SELECT $1', rowMode: 'array', signal }, [1]);
  expectTypeOf(withValues).returns.resolves.toExtend<pg.QueryArrayResult>();
  const objects = (held: PgClient) => held.query<{ id: number }>({ text: 'SELECT 1 AS id', signal });
  expectTypeOf(objects).returns.resolves.toEqualTypeOf<pg.QueryResult<{ id: number }>>();
});
