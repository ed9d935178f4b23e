import { type Clock, option, readOptions } from '@mainstay/core';
import type { PoolConfig } from 'pg';
import type { PoolOptions } from '../options.js';

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
>;

/**
 * Every option of pg.Pool and, beside them, those of Mainstay's pool. Three pairs say the same thing in other units; giving
 * both of a pair is a TypeError: `acquireTimeoutMs` (default 10,000) and `connectionTimeoutMillis`, `idleTimeoutMs` (default
 * 10,000) and `idleTimeoutMillis`, `maxLifetimeMs` (default 1,800,000) and `maxLifetimeSeconds`. In all of them 0 means no limit.
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
  /** How long `end()` waits for connections that are still in use before it closes them. Default 30,000. */
  drainTimeoutMs?: number | undefined;
  clock?: Clock | undefined;
}

const twins = [
  ['acquireTimeoutMs', 'connectionTimeoutMillis'],
  ['idleTimeoutMs', 'idleTimeoutMillis'],
  ['maxLifetimeMs', 'maxLifetimeSeconds'],
] as const;

/** The generic pool's options, without its functions, from pg's and ours. */
export type TimesAndSizes = Omit<
  PoolOptions<unknown>,
  'create' | 'destroy' | 'validate' | 'reset' | 'isBroken'
>;

export function translate(options: PgPoolOptions): TimesAndSizes {
  for (const [own, theirs] of twins) {
    if (options[own] !== undefined && options[theirs] !== undefined) {
      throw new TypeError(`PgPool: options "${own}" and "${theirs}" mean the same thing: give one of them`);
    }
  }
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
    clock: options.clock,
  };
}

/** null switches a limit of pg.Pool off, as 0 does. */
const orZero = (value: number | null | undefined): number | undefined => (value === null ? 0 : value);

export const readDrainTimeout = ({ drainTimeoutMs }: PgPoolOptions): number =>
  readOptions('PgPool', { drainTimeoutMs }, { drainTimeoutMs: option.milliseconds({ default: 30_000 }) })
    .drainTimeoutMs;
