import { type Clock, invalidOption, monotonicClock, option, readOptions } from '@mainstay/core';
import { memoryStore } from './memory-store.js';
import { Fixed } from './rules/fixed.js';
import { Gcra } from './rules/gcra.js';
import type { Algorithm, Rule, RuleSettings } from './rules/rule.js';
import { Strict } from './rules/strict.js';
import type { OnStoreFailure, RateLimitStore } from './store.js';

/** One limit: so much in so long. */
export interface LimitOptions {
  /** Units a window; a whole number from 1 to 1e9, and at most 1,000 a millisecond. */
  readonly limit: number;
  /** Whole milliseconds, from 1 to 400 days. */
  readonly windowMs: number;
  /**
   * - `gcra` (default): smooth; at most `burst + limit` in any window (in memory: longer by a turn of the event loop, once in which
   *   the time is read); 8 bytes a key.
   * - `strict`: at most `limit` in ANY window; `8 x (subWindows + 2)` bytes a key.
   * - `fixed`: counts from a key's first unit; up to `2 x limit` round the end of a window; 16 bytes a key.
   */
  readonly algorithm?: Algorithm;
  /** For `gcra`: what may come at one moment, and the largest cost that can ever be allowed. Default `max(1, limit / 10)`. */
  readonly burst?: number;
  /**
   * For `strict`: into how many parts the window is cut, 1 to 1000. Default 10. More of them give units back sooner (a client
   * that is always greedy gets about `n / (n + 1)` of the limit) and take more memory.
   */
  readonly subWindows?: number;
}

/** One of several limits. */
export interface NamedLimit extends LimitOptions {
  /** For the RateLimit fields. Default: the limiter's name with `-1`, `-2`, … */
  readonly name?: string;
}

interface CommonOptions {
  /** Who this is: for stats, errors, the RateLimit fields, and part of the keys in Redis. */
  readonly name: string;
  /** Where keys are kept: in this process (default), or `redisStore(client)`. */
  readonly store?: RateLimitStore;
  /**
   * The most keys that are kept in this process. Default 100,000. Beyond it new keys share 256 buckets; only keys that have used
   * nothing are dropped.
   */
  readonly maxKeys?: number;
  /**
   * While the shared store does not answer: `local` (default) goes on here with this process's share, from the last known state;
   * `allow` allows; `deny` denies, with the reason `store`.
   */
  readonly onStoreFailure?: OnStoreFailure;
  /**
   * How many processes share the store: the share of one, while the store does not answer, is `limit / instances`. Default 1, with which
   * each process takes the whole limit then.
   */
  readonly instances?: number;
  /** Callers that may wait in `schedule`, all keys together. Default 1,000. */
  readonly maxWaiting?: number;
  readonly clock?: Clock;
}

export interface SingleLimitOptions extends CommonOptions, LimitOptions {
  readonly limits?: undefined;
}

export interface SeveralLimitsOptions extends CommonOptions {
  /** 1 to 8 limits that hold together: a cost is used under all of them or under none. */
  readonly limits: readonly NamedLimit[];
  readonly limit?: undefined;
  readonly windowMs?: undefined;
  readonly algorithm?: undefined;
  readonly burst?: undefined;
  readonly subWindows?: undefined;
}

export type RateLimiterOptions = SingleLimitOptions | SeveralLimitsOptions;

const owner = 'RateLimiter';
const LONGEST_WINDOW_MS = 400 * 86_400_000;
const MOST_PER_MS = 1_000;

const optionalLimitFields = {
  algorithm: option.oneOf<Algorithm, { default: 'gcra' }>(['gcra', 'strict', 'fixed'], { default: 'gcra' }),
  burst: option.number({ min: 1, max: 1e9, optional: true }),
  subWindows: option.integer({ min: 1, max: 1_000, optional: true }),
};
const limitFields = {
  limit: option.integer({ min: 1, max: 1e9 }),
  windowMs: option.integer({ min: 1, max: LONGEST_WINDOW_MS, unit: 'milliseconds' }),
  ...optionalLimitFields,
};
const commonFields = {
  name: option.string({ maxLength: 100 }),
  store: option.instance<RateLimitStore>({
    methods: ['open'],
    expected: 'memoryStore() or redisStore(client)',
    optional: true,
  }),
  maxKeys: option.integer({ min: 1, max: 10_000_000, default: 100_000 }),
  onStoreFailure: option.oneOf<OnStoreFailure, { default: 'local' }>(['local', 'allow', 'deny'], {
    default: 'local',
  }),
  instances: option.integer({ min: 1, max: 100_000, default: 1 }),
  maxWaiting: option.integer({ min: 1, max: 1_000_000, default: 1_000 }),
  clock: option.instance<Clock>({
    methods: ['now', 'coarseNow', 'setTimer'],
    expected: 'a Clock',
    optional: true,
  }),
};
const namedLimit = option.object({ ...limitFields, name: option.string({ maxLength: 100, optional: true }) });

interface ReadLimit {
  readonly limit: number;
  readonly windowMs: number;
  readonly algorithm: Algorithm;
  readonly burst: number | undefined;
  readonly subWindows: number | undefined;
}

export function readLimiterOptions(received: RateLimiterOptions) {
  const several = (received as Partial<SeveralLimitsOptions> | undefined)?.limits !== undefined;
  const common = several ? readSeveral(received) : readSingle(received);
  const { store, clock, ...rest } = common;
  return { ...rest, store: store ?? memoryStore(), clock: clock ?? monotonicClock };
}

function readSingle(received: unknown) {
  const options = readOptions(owner, received, { ...commonFields, ...limitFields });
  return { ...options, rules: [makeRule(options.name, options, '')] };
}

function readSeveral(received: unknown) {
  const options = readOptions(owner, received, {
    ...commonFields,
    limits: option.array(namedLimit, { minLength: 1, maxLength: 8 }),
  });
  const names = options.limits.map(({ name }, index) => name ?? `${options.name}-${index + 1}`);
  names.forEach((name, index) => {
    if (names.indexOf(name) !== index) {
      throw invalidOption(owner, `limits[${index}].name`, 'must differ from the other names', name);
    }
  });
  const rules = options.limits.map((one, index) =>
    makeRule(names[index] as string, one, `limits[${index}].`),
  );
  return { ...options, rules };
}

const algorithms: Record<Algorithm, new (settings: RuleSettings) => Rule> = {
  gcra: Gcra,
  strict: Strict,
  fixed: Fixed,
};

function makeRule(name: string, read: ReadLimit, path: string): Rule {
  const { limit, windowMs, algorithm, burst, subWindows } = read;
  if (limit / windowMs > MOST_PER_MS) {
    const most = `must be at most ${MOST_PER_MS} a millisecond of windowMs (${MOST_PER_MS * windowMs})`;
    throw invalidOption(owner, `${path}limit`, most, limit, 'range');
  }
  if (burst !== undefined && algorithm !== 'gcra') {
    throw invalidOption(owner, `${path}burst`, 'must be absent, since only gcra has a burst', burst);
  }
  if (subWindows !== undefined && algorithm !== 'strict') {
    throw invalidOption(owner, `${path}subWindows`, 'must be absent, since only strict has any', subWindows);
  }
  const settings = { name, limit, windowMs, burst: burst ?? Math.max(1, limit / 10) };
  return new algorithms[algorithm]({ ...settings, subWindows: subWindows ?? 10 });
}
