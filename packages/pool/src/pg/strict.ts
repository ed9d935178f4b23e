import type { PgPoolOptions, TimesAndSizes } from './pg-options.js';

/** The longest that can be waited for, 24.8 days: as good as without a limit. */
export const NO_LIMIT_MS = 2_147_483_647;

/** pg-pool's own defaults, and its lack of limits. */
export function strictly(translated: TimesAndSizes, options: PgPoolOptions): TimesAndSizes {
  const connectionTimeoutMs = options.acquireTimeoutMs ?? options.connectionTimeoutMillis ?? 0;
  return {
    ...translated,
    acquireTimeoutMs: connectionTimeoutMs,
    createTimeoutMs: options.createTimeoutMs ?? (connectionTimeoutMs || NO_LIMIT_MS),
    maxLifetimeMs: options.maxLifetimeMs ?? (options.maxLifetimeSeconds ?? 0) * 1_000,
    validateAfterIdleMs: Number.POSITIVE_INFINITY,
    maxConnecting: options.maxConnecting ?? translated.max,
    maxQueued: options.maxQueued ?? Number.MAX_SAFE_INTEGER,
  };
}
