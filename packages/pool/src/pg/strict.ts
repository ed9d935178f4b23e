import type { PooledResource } from '../inspection.js';
import type { Manners } from '../manners.js';
import type { PgPoolOptions, TimesAndSizes } from './pg-options.js';

/** The longest that can be waited for, 24.8 days: as good as without a limit. */
export const NO_LIMIT_MS = 2_147_483_647;

/** Each caller dials for himself, `min` only keeps, and nobody is refused who could still be served. */
export const MANNERS_OF_PG_POOL: Manners = {
  dialsForAll: false,
  refills: false,
  predicts: false,
  jitters: false,
};

/** pg-pool's own defaults, and its lack of limits. */
export function strictly(translated: TimesAndSizes, options: PgPoolOptions): TimesAndSizes {
  const connectionTimeoutMs = options.acquireTimeoutMs ?? Number(options.connectionTimeoutMillis ?? 0);
  return {
    ...translated,
    acquireTimeoutMs: connectionTimeoutMs,
    createTimeoutMs: options.createTimeoutMs ?? (connectionTimeoutMs || NO_LIMIT_MS),
    maxLifetimeMs: options.maxLifetimeMs ?? (options.maxLifetimeSeconds ?? 0) * 1_000,
    validateAfterIdleMs: Number.POSITIVE_INFINITY,
    keepaliveMs: 0,
    leakAfterMs: options.leakAfterMs ?? 0,
    detectDeadlocks: options.detectDeadlocks ?? false,
    maxConnecting: options.maxConnecting ?? translated.max,
    maxQueued: options.maxQueued ?? Number.MAX_SAFE_INTEGER,
  };
}

/** pg-pool has its clients in a field that is not documented and that people look into all the same. */
export function showClients(pool: { inspect(): PooledResource<unknown>[] }): void {
  Object.defineProperty(pool, '_clients', {
    configurable: true,
    get: () => pool.inspect().map(({ resource }) => resource),
  });
}
