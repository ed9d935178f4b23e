import { type Clock, monotonicClock } from '@mainstay/core';
import type { CheckOptions, CheckResult } from './check.js';

/** What a circuit breaker has to show to be checked; `@mainstay/circuit-breaker` does. */
export interface BreakerLike {
  readonly name: string;
  stats(): { readonly state: string; readonly failureRate: number; readonly openForMs: number };
}

/** What a pool has to show to be checked; `@mainstay/pool` does. */
export interface PoolLike {
  readonly name: string;
  stats(): {
    readonly size: number;
    readonly idle: number;
    readonly inUse: number;
    readonly waiting: number;
    readonly max: number;
    readonly acquireTimeouts: number;
    readonly createErrors: number;
  };
}

/** What a cache has to show to be checked; `@mainstay/cache` does. */
export interface CacheLike {
  readonly name: string;
  stats(): {
    readonly memoryHits: number;
    readonly redisHits: number;
    readonly staleHits: number;
    readonly misses: number;
    readonly entries: number;
    readonly redis: string;
  };
}

/** What can be changed of a component's check. */
export type ComponentCheckOptions = Partial<Omit<CheckOptions, 'run'>>;

export interface PoolCheckOptions extends ComponentCheckOptions {
  /** How long a failed acquire or connect is remembered. Milliseconds, default 10000. */
  readonly recentMs?: number;
  readonly clock?: Clock;
}

/** Reading a snapshot costs nothing, so these are never given from memory; the component has its own way to recover. */
const componentDefaults = { critical: false, cacheMs: 0 };

/**
 * Asks something by calling it: `pingCheck('postgres', () => database.query('SELECT 1'))`.
 * What it returns is not shown; `false` means down.
 */
export function pingCheck(
  name: string,
  ping: (context: { signal: AbortSignal }) => unknown,
  options: ComponentCheckOptions = {},
): CheckOptions {
  const run = async (context: { signal: AbortSignal }): Promise<CheckResult | undefined> =>
    (await ping(context)) === false ? { status: 'down', message: 'answered false' } : undefined;
  return { name, ...options, run };
}

/** Closed is up, half-open is degraded, everything else (open, isolated) is down. Not critical unless said so. */
export function breakerCheck(breaker: BreakerLike, options: ComponentCheckOptions = {}): CheckOptions {
  const run = (): CheckResult => {
    const { state, failureRate, openForMs } = breaker.stats();
    if (state === 'closed') return { state, failureRate };
    return {
      status: state === 'half-open' ? 'degraded' : 'down',
      message: `circuit is ${state}`,
      state,
      failureRate,
      openForMs,
    };
  };
  return { name: breaker.name, ...componentDefaults, ...options, run };
}

/** Without its second level a cache still serves, only slower: degraded. Not critical unless said so. */
export function cacheCheck(cache: CacheLike, options: ComponentCheckOptions = {}): CheckOptions {
  const run = (): CheckResult => {
    const { memoryHits, redisHits, staleHits, misses, entries, redis } = cache.stats();
    const hits = memoryHits + redisHits + staleHits;
    const details = { redis, entries, hitRatio: hits === 0 ? 0 : hits / (hits + misses) };
    return redis === 'away' ? { status: 'degraded', message: 'Redis is away', ...details } : details;
  };
  return { name: cache.name, ...componentDefaults, ...options, run };
}

/** Says whether a counter rose within the last `recentMs`, as far as it was asked. */
function recentRise(recentMs: number, clock: Clock): (counter: number) => boolean {
  let last: number | undefined;
  let roseAt = Number.NEGATIVE_INFINITY;
  return (counter) => {
    const now = clock.now();
    if (last !== undefined && counter > last) roseAt = now;
    last = counter;
    return now - roseAt < recentMs;
  };
}

/**
 * Down when the pool holds nothing and could not connect lately; degraded when callers lately gave up waiting, when connecting
 * failed lately, or when all is in use and callers wait. Not critical unless said so.
 */
export function poolCheck(pool: PoolLike, options: PoolCheckOptions = {}): CheckOptions {
  const { recentMs = 10_000, clock = monotonicClock, ...checkOptions } = options;
  const gaveUp = recentRise(recentMs, clock);
  const couldNotConnect = recentRise(recentMs, clock);
  const run = (): CheckResult => {
    const { size, idle, inUse, waiting, max, acquireTimeouts, createErrors } = pool.stats();
    const details = { size, idle, inUse, waiting, max };
    const recentTimeouts = gaveUp(acquireTimeouts);
    const recentErrors = couldNotConnect(createErrors);
    if (recentErrors && size === 0) return { status: 'down', message: 'cannot connect', ...details };
    if (recentErrors) return { status: 'degraded', message: 'connecting failed lately', ...details };
    if (recentTimeouts) return { status: 'degraded', message: 'callers gave up waiting lately', ...details };
    if (waiting > 0 && inUse >= max) return { status: 'degraded', message: 'all is in use', ...details };
    return details;
  };
  return { name: pool.name, ...componentDefaults, ...checkOptions, run };
}
