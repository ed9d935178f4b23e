import { type Clock, monotonicClock, option, readOptions } from '@mainstay/core';
import type { PoolConfig } from 'pg';
import type { PoolOptions } from '../options.js';
import type { SessionReset } from './bleed-guard.js';
import { type Profile, profiles } from './profiles.js';
import type { RepeatedQueryOptions } from './repeated-queries.js';
import type { SlowQueryOptions } from './slow-queries.js';

type Own = Pick<
  PoolOptions<unknown>,
  | 'acquireTimeoutMs'
  | 'createTimeoutMs'
  | 'checkTimeoutMs'
  | 'idleTimeoutMs'
  | 'maxLifetimeMs'
  | 'maxConnecting'
  | 'maxQueued'
  | 'validateAfterIdleMs'
  | 'overflow'
  | 'keepaliveMs'
  | 'leakAfterMs'
  | 'detectDeadlocks'
>;

/**
 * Every option of pg.Pool and, beside them, those of Mainstay's pool. Some pairs say the same thing; giving both of a pair is
 * a TypeError: `acquireTimeoutMs` (default 10,000) and `connectionTimeoutMillis`, `idleTimeoutMs` (default 10,000) and
 * `idleTimeoutMillis`, `maxLifetimeMs` (default 1,800,000) and `maxLifetimeSeconds`, `queryTimeoutMs` (default 0) and
 * `query_timeout`, `max` (default 10) and `poolSize`. In all times 0 means no limit. Names that nobody knows are handed on to the
 * client, as by pg.Pool; where one of these seems to be meant, the process is warned (`MAINSTAY_OPTION`).
 */
export interface PgPoolOptions extends PoolConfig, Own {
  /** Says who it is in errors, stats and metrics. Default 'postgres'. */
  name?: string | undefined;
  /** pg's old name of `max`. */
  poolSize?: number | undefined;
  /**
   * A connection that was idle for this long is pinged before it is lent, since a firewall may have dropped it in silence.
   * Default 1,000; 0: always, Infinity: never.
   */
  validateAfterIdleMs?: number | undefined;
  /**
   * How long a statement may take, on held clients too. Then it is cancelled on the server, the caller gets a
   * QueryTimeoutError at once, and the connection is kept. Of one statement: `timeoutMs` in its config. Default 0: no limit.
   */
  queryTimeoutMs?: number | undefined;
  /**
   * When a released session is reset by DISCARD ALL: `tracked` (the default) after statements that leave something in it,
   * `always`, which costs a round trip a loan, or `never`. Open transactions are rolled back in any case.
   */
  sessionReset?: SessionReset | undefined;
  /** Numbers for a kind of service, under the options that are given. Default: none, see the options. */
  profile?: Profile | undefined;
  /**
   * `strict`: pg-pool's own behaviour wherever ours differs on purpose. Any error costs the connection, nothing is cleaned,
   * pinged or cancelled, waits have no limit, connections no lifetime, `end()` waits for ever, a lost connection that
   * nobody listens to ends the process. Only those whom pg-pool strands at `end()` are still served.
   */
  compat?: 'strict' | undefined;
  /** Tells about statements that take long. Default: none. */
  slowQueries?: SlowQueryOptions | undefined;
  /** Tells about statements that are repeated within one `unitOfWork` or transaction. Default: none. */
  repeatedQueries?: RepeatedQueryOptions | undefined;
  /** How long `end()` waits for connections that are still in use before it closes them. Default 30,000. */
  drainTimeoutMs?: number | undefined;
  clock?: Clock | undefined;
}

const twins = [
  ['acquireTimeoutMs', 'connectionTimeoutMillis'],
  ['idleTimeoutMs', 'idleTimeoutMillis'],
  ['maxLifetimeMs', 'maxLifetimeSeconds'],
  ['queryTimeoutMs', 'query_timeout'],
  ['max', 'poolSize'],
] as const;

/** The generic pool's options, without its functions, from pg's and ours. */
export type TimesAndSizes = Omit<
  PoolOptions<unknown>,
  'create' | 'destroy' | 'validate' | 'reset' | 'isBroken' | 'describe'
>;

/** @throws TypeError when an option is given twice under two names */
export function translate(received: PgPoolOptions): TimesAndSizes {
  for (const [own, theirs] of twins) {
    if (received[own] !== undefined && received[theirs] !== undefined) {
      throw new TypeError(`PgPool: options "${own}" and "${theirs}" mean the same thing: give one of them`);
    }
  }
  const options = underProfile(received);
  const { maxUses, maxLifetimeSeconds, maxLifetimeMs } = options;
  return {
    name: options.name ?? 'postgres',
    // 0 and null mean the default there, and in pg.Pool.
    max: options.max || options.poolSize || 10,
    min: options.min || 0,
    maxUses: maxUses === undefined || maxUses === null || maxUses === Number.POSITIVE_INFINITY ? 0 : maxUses,
    acquireTimeoutMs: options.acquireTimeoutMs ?? orZero(options.connectionTimeoutMillis) ?? 10_000,
    idleTimeoutMs: options.idleTimeoutMs ?? orZero(options.idleTimeoutMillis) ?? 10_000,
    maxLifetimeMs:
      maxLifetimeMs ?? (maxLifetimeSeconds === undefined ? undefined : maxLifetimeSeconds * 1_000),
    validateAfterIdleMs: options.validateAfterIdleMs ?? 1_000,
    createTimeoutMs: options.createTimeoutMs,
    checkTimeoutMs: options.checkTimeoutMs,
    maxConnecting: options.maxConnecting,
    maxQueued: options.maxQueued,
    overflow: options.overflow,
    keepaliveMs: options.keepaliveMs,
    leakAfterMs: options.leakAfterMs,
    detectDeadlocks: options.detectDeadlocks,
    clock: options.clock,
  };
}

/** What was given counts; under pg's names, too. */
function underProfile(received: PgPoolOptions): PgPoolOptions {
  const { profile } = readOptions('PgPool', { profile: received.profile }, profileField);
  if (profile === undefined) return received;
  const settings: Record<string, unknown> = { ...profiles[profile] };
  for (const [own, theirs] of twins) if (received[theirs] !== undefined) delete settings[own];
  if (received.poolSize !== undefined) delete settings.max;
  const given = Object.entries(received).filter(([, value]) => value !== undefined);
  return { ...settings, ...Object.fromEntries(given) };
}

const profileField = { profile: option.oneOf(['web', 'worker', 'batch'], { optional: true }) };

/** null switches a limit of pg.Pool off, as 0 does; it takes numbers as text, too. */
const orZero = (value: number | null | undefined): number | undefined =>
  value === undefined ? undefined : Number(value);

const facadeFields = {
  drainTimeoutMs: option.milliseconds({ default: 30_000 }),
  queryTimeoutMs: option.milliseconds({ default: 0 }),
  sessionReset: option.oneOf(['tracked', 'always', 'never'], { default: 'tracked' }),
  compat: option.oneOf(['strict'], { optional: true }),
  clock: option.instance<Clock>({
    default: monotonicClock,
    methods: ['now', 'coarseNow', 'setTimer'],
    expected: 'a clock',
  }),
};

/** The options that are not the generic pool's. @throws TypeError, RangeError */
export const readFacadeOptions = (received: PgPoolOptions) => {
  const { drainTimeoutMs, queryTimeoutMs, sessionReset, compat, clock } = underProfile(received);
  return readOptions('PgPool', { drainTimeoutMs, queryTimeoutMs, sessionReset, compat, clock }, facadeFields);
};
