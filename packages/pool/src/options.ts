import { type Clock, invalidOption, monotonicClock, option, readOptions } from '@mainstay/core';

/** What `create` is given. */
export interface CreateContext {
  /** Aborted after `createTimeoutMs` and when the pool is drained. */
  signal: AbortSignal;
  /**
   * Call it when the resource ends by itself (a socket closes): an idle one leaves the pool at once, a lent one when it comes
   * back. May be called at any time, repeated calls do nothing. Not needed for resources that cannot end by themselves.
   */
  lost: (error?: unknown) => void;
}

export interface PoolOptions<R> {
  /** Says who it is in errors, stats and metrics. */
  name: string;
  /** Makes a resource. May throw or reject: callers get the error, and the next attempt comes after a growing pause. */
  create: (context: CreateContext) => R | PromiseLike<R>;
  /** Ends a resource. Errors become an `error` event. Default: nothing has to be done. */
  destroy?: ((resource: R) => unknown) | undefined;
  /**
   * Asked before a resource that was idle for `validateAfterIdleMs` or longer is lent. False, an error, or no answer within
   * `checkTimeoutMs`: it is destroyed and the caller gets another one. Default: none.
   */
  validate?: ((resource: R) => boolean | PromiseLike<boolean>) | undefined;
  /**
   * Makes a released resource ready for the next holder, who waits for the promise, if there is one. False, an error, or no
   * answer within `checkTimeoutMs`: it is destroyed. Return undefined, without a promise, where nothing has to be done.
   */
  reset?: ((resource: R) => ResetResult | PromiseLike<ResetResult>) | undefined;
  /** For `use()`: whether this error means that the resource is broken and must be destroyed. Default: never. */
  isBroken?: ((error: unknown, resource: R) => boolean) | undefined;
  /** Kept open from the first `acquire` on; idle ones beyond it are closed after `idleTimeoutMs`. Default 0. */
  min?: number | undefined;
  /** Most resources open or opening at once. Default 10. */
  max?: number | undefined;
  /**
   * How many more may be opened beyond `max` while callers wait; closed as soon as nobody waits for them. Default 0.
   */
  overflow?: number | undefined;
  /** Most creations under way at once, so that a cold burst does not storm the server. Default 4. */
  maxConnecting?: number | undefined;
  /** Most callers in the queue beyond those that a resource can be opened for; more are refused on arrival. Default 10,000. */
  maxQueued?: number | undefined;
  /** How long `acquire` waits for a resource. Default 10,000; 0 waits without a limit. */
  acquireTimeoutMs?: number | undefined;
  /** How long one `create` may take. Default 10,000. */
  createTimeoutMs?: number | undefined;
  /** How long one `validate` or `reset` may take. Default 5,000. */
  checkTimeoutMs?: number | undefined;
  /** Resources beyond `min` that were unused for this long are closed. Default 60,000; 0 keeps them. */
  idleTimeoutMs?: number | undefined;
  /** Resources older than this are closed, never in a holder's hands; up to 10 % less, at random. Default 1,800,000; 0: no limit. */
  maxLifetimeMs?: number | undefined;
  /** Resources that were lent this often are closed. Default 0: no limit. */
  maxUses?: number | undefined;
  /** A resource that was used more recently than this is lent without `validate`. Default 500; 0: always, Infinity: never. */
  validateAfterIdleMs?: number | undefined;
  /**
   * Idle resources are validated this often, up to 10 % earlier, so that a firewall does not forget them. Needs `validate`.
   * Default 0: never.
   */
  keepaliveMs?: number | undefined;
  /**
   * A resource that was held this long since its holder last asked for it (`lease.resource`) is reported as a suspected leak.
   * Default 60,000; 0: leaks are not looked for.
   */
  leakAfterMs?: number | undefined;
  /**
   * Whether an acquire timeout can tell a caller who waits for what he holds himself, by an AsyncLocalStorage that is used
   * while half of `max` or more is lent. Default true.
   */
  detectDeadlocks?: boolean | undefined;
  /** What a lent resource is doing, for the errors of callers who wait (the statement under way). Undefined: nothing. */
  describe?: ((resource: R) => string | undefined) | undefined;
  /** Where time comes from. Default: the process's monotonic clock. */
  clock?: Clock | undefined;
}

/** Undefined and true: ready to be lent. False: destroy it. */
// biome-ignore lint/suspicious/noConfusingVoidType: a reset that returns nothing is the usual one
export type ResetResult = boolean | undefined | void;

export type CheckedPoolOptions<R> = {
  [K in keyof PoolOptions<R>]-?: Exclude<PoolOptions<R>[K], undefined>;
} & {
  validate: PoolOptions<R>['validate'];
  reset: PoolOptions<R>['reset'];
  describe: PoolOptions<R>['describe'];
};

const WHOLE = Number.MAX_SAFE_INTEGER;

/** @throws TypeError, RangeError naming the option, what was received and what is allowed */
export function readPoolOptions<R>(owner: string, received: PoolOptions<R>): CheckedPoolOptions<R> {
  const options = readOptions(owner, received, {
    name: option.string({ maxLength: 200 }),
    create: option.func<PoolOptions<R>['create']>(),
    destroy: option.func<(resource: R) => unknown>({ default: () => undefined }),
    validate: option.func<NonNullable<PoolOptions<R>['validate']>>({ optional: true }),
    reset: option.func<NonNullable<PoolOptions<R>['reset']>>({ optional: true }),
    isBroken: option.func<(error: unknown, resource: R) => boolean>({ default: () => false }),
    min: option.integer({ min: 0, max: WHOLE, default: 0 }),
    max: option.integer({ min: 1, max: WHOLE, default: 10 }),
    overflow: option.integer({ min: 0, max: WHOLE, default: 0 }),
    maxConnecting: option.integer({ min: 1, max: WHOLE, default: 4 }),
    maxQueued: option.integer({ min: 0, max: WHOLE, default: 10_000 }),
    acquireTimeoutMs: option.milliseconds({ min: 0, default: 10_000 }),
    createTimeoutMs: option.milliseconds({ min: 1, default: 10_000 }),
    checkTimeoutMs: option.milliseconds({ min: 1, default: 5_000 }),
    idleTimeoutMs: option.milliseconds({ min: 0, default: 60_000 }),
    maxLifetimeMs: option.milliseconds({ min: 0, default: 1_800_000 }),
    maxUses: option.integer({ min: 0, max: WHOLE, default: 0 }),
    validateAfterIdleMs: option.milliseconds({ min: 0, default: 500, allowInfinity: true }),
    keepaliveMs: option.milliseconds({ min: 0, default: 0 }),
    leakAfterMs: option.milliseconds({ min: 0, default: 60_000 }),
    detectDeadlocks: option.boolean({ default: true }),
    describe: option.func<NonNullable<PoolOptions<R>['describe']>>({ optional: true }),
    clock: option.instance<Clock>({
      default: monotonicClock,
      methods: ['now', 'coarseNow', 'setTimer'],
      expected: 'a clock',
    }),
  });
  if (options.min > options.max) {
    throw invalidOption(owner, 'min', `must be at most max (${options.max})`, options.min, 'range');
  }
  if (options.keepaliveMs > 0 && options.validate === undefined) {
    throw new TypeError(`${owner}: option "keepaliveMs" needs "validate", which is what it calls`);
  }
  return options as CheckedPoolOptions<R>;
}
