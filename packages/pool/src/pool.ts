import { deadlinesOf, Events, type Listener, option, readOptions } from '@mainstay/core';
import type { AcquireOptions } from './acquire-options.js';
import { AcquirePath, type Presentation } from './acquire-path.js';
import { AcquireQueue } from './acquire-queue.js';
import { Closing } from './closing.js';
import { type PoolStats, zeroCounters } from './counters.js';
import { Diagnostics } from './diagnosis.js';
import type { Entry } from './entry.js';
import { PoolClosedError } from './errors.js';
import type { PoolEvents } from './events.js';
import { inspect, type PooledResource } from './inspection.js';
import { type Lease, leaseOf } from './lease.js';
import type { Entrance } from './lending.js';
import { type Limits, readLimits } from './limits.js';
import { type Manners, OUR_MANNERS } from './manners.js';
import { type CheckedPoolOptions, type PoolOptions, readPoolOptions } from './options.js';
import { Resources } from './resources.js';

const NO_OPTIONS: AcquireOptions = {};

/** A pool whose callers get what the facade makes of a loan, without a lease and a promise between them. */
export interface PoolBehind<R, T> {
  readonly pool: Pool<R>;
  /** What is ready now, lent to the caller of `entrance`; it is the facade's to present. */
  obtain(entrance: Entrance): Entry<R> | undefined;
  wait(options: AcquireOptions | undefined, entrance: Entrance): Promise<T>;
}

/** For this package's own facades only; `Pool` gives leases. */
export let poolBehind: <R, T>(
  options: PoolOptions<R>,
  presentation: Presentation<R, T>,
  manners: Manners,
) => PoolBehind<R, T>;

/**
 * A bounded pool of any resource: last in, first out among the idle (as HikariCP and pgxpool do), first come, first served
 * among those who wait, one dialer for all of them.
 *
 * While nothing is open and nothing can be created, callers get the error of the next attempt, which is at most a second
 * away, and after five failures in a row the last error at once; while something is open they wait for it. Their own deadline
 * holds in any case.
 */
export class Pool<R> implements AsyncDisposable {
  readonly kind = 'pool';
  readonly name: string;
  readonly #options: CheckedPoolOptions<R>;
  readonly #resources: Resources<R>;
  readonly #queue: AcquireQueue<Lease<R>>;
  readonly #path: AcquirePath<R, Lease<R>>;
  readonly #closing: Closing;
  readonly #counters = zeroCounters();

  static {
    poolBehind = <R, T>(
      options: PoolOptions<R>,
      presentation: Presentation<R, T>,
      manners: Manners,
    ): PoolBehind<R, T> => {
      const pool = new (Pool as new (...all: [PoolOptions<R>, Manners]) => Pool<R>)(options, manners);
      // Nobody but the facade acquires from it, so nobody gets what is no lease.
      const path = pool.#path as unknown as AcquirePath<R, T>;
      path.presentation = presentation;
      return {
        pool,
        obtain: (entrance) => path.obtain(entrance),
        wait: (acquiring, entrance) => path.wait(acquiring ?? NO_OPTIONS, entrance),
      };
    };
  }

  /** @throws TypeError, RangeError when an option is wrong */
  constructor(options: PoolOptions<R>);
  constructor(options: PoolOptions<R>, manners = OUR_MANNERS) {
    this.#options = readPoolOptions('Pool', options);
    this.name = this.#options.name;
    const { clock, acquireTimeoutMs } = this.#options;
    const deadlines = deadlinesOf(clock);
    const counters = this.#counters;
    this.#queue = new AcquireQueue({
      ...{ clock, deadlines, counters, timeoutMs: acquireTimeoutMs },
      timedOut: (waitedMs, holding) => this.#path.timedOut(waitedMs, holding),
    });
    this.#resources = new Resources(this.#options, {
      ...{ counters, deadlines, manners, queue: this.#queue },
      lendToFirst: (entry) => this.#path.lendToFirst(entry),
      unreachable: (error) => this.#path.failAll(error),
      failFirst: (error, startedAt) => this.#path.failFirst(error, startedAt),
      ended: () => this.#path.closed && this.#closing.check(),
    });
    const diagnostics = this.#diagnostics();
    const host = { counters, manners, queue: this.#queue, resources: this.#resources, diagnostics };
    this.#path = new AcquirePath(this.#options, host, { present: leaseOf, inWords: (error) => error });
    this.#closing = new Closing(deadlines, {
      outstanding: () => this.#resources.outstanding,
      force: () => this.#resources.force(),
    });
  }

  /**
   * Waits for a resource: the highest priority first, first come, first served within one.
   * @throws PoolAcquireTimeoutError, PoolQueueFullError, PoolOverloadedError, PoolClosedError, the signal's reason, or the
   *   error of `create`
   */
  acquire(options?: AcquireOptions): Promise<Lease<R>> {
    const entry = options?.signal?.aborted === true ? undefined : this.#path.obtain(this.acquire);
    if (entry === undefined) return this.#path.wait(options ?? NO_OPTIONS, this.acquire);
    return Promise.resolve(leaseOf(entry));
  }

  /** A resource that is ready now, or undefined: nothing idle, the idle ones must be validated first, or others wait. */
  tryAcquire(): Lease<R> | undefined {
    const entry = this.#path.obtain(this.tryAcquire);
    return entry === undefined ? undefined : leaseOf(entry);
  }

  /**
   * Runs the function with a resource and releases it afterwards, or destroys it if `isBroken` says so about the error.
   * @throws what `acquire` throws, and what the function throws
   */
  async use<T>(
    fn: (resource: R, context: { signal: AbortSignal | undefined }) => T | PromiseLike<T>,
    options: AcquireOptions = NO_OPTIONS,
  ): Promise<T> {
    const lease = await this.acquire(options);
    const { resource } = lease;
    try {
      const result = await fn(resource, { signal: options.signal });
      lease.release();
      return result;
    } catch (error) {
      if (this.#isBroken(error, resource)) lease.destroy(error);
      else lease.release();
      throw error;
    }
  }

  /**
   * Opens resources until `count` are open (default `min`, 1 at least, `max` at most), so that the first callers need not
   * wait for that.
   * @throws the error of `create`, at the first failure; PoolClosedError; the signal's reason
   */
  warm(options: { count?: number | undefined; signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { min, max } = this.#resources.limits;
    const { count } = readOptions(
      'Pool.warm',
      { count: options.count },
      { count: option.integer({ min: 0, max, default: Math.max(min, 1) }) },
    );
    if (this.#path.closed) return Promise.reject(new PoolClosedError(this.name));
    if (this.#resources.entries.size >= count) return Promise.resolve();
    const warmed = this.#resources.warming.until(count, options.signal);
    this.#resources.provision();
    return warmed;
  }

  /**
   * Changes how many resources there may be. What is idle beyond that is closed now, what is lent when it comes back.
   * @throws TypeError, RangeError when a limit is wrong
   */
  resize(limits: Partial<Limits>): void {
    const checked = readLimits(limits, this.#resources.limits);
    this.#resources.resize(checked);
  }

  /**
   * Lends nothing more: rejects all who wait, closes what is idle, waits for the holders, and takes back what is still out
   * after `timeoutMs` (their leases are inert then). Always settles. Called again, the earlier end counts.
   */
  drain(options: { timeoutMs?: number | undefined } = {}): Promise<void> {
    const { timeoutMs } = readOptions('Pool.drain', options, {
      timeoutMs: option.milliseconds({ min: 0, default: 30_000 }),
    });
    if (!this.#path.closed) {
      this.#path.close();
      this.#resources.close();
    }
    return this.#closing.within(timeoutMs);
  }

  /** Drains without waiting for the holders. */
  close(): Promise<void> {
    return this.drain({ timeoutMs: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  /** @returns removes the listener */
  on<K extends keyof PoolEvents<R>>(event: K, listener: Listener<PoolEvents<R>[K]>): () => void {
    const { lending } = this.#resources;
    lending.events ??= new Events();
    return lending.events.on(event, listener);
  }

  stats(): PoolStats {
    const { entries, idle, dialer, limits, lending } = this.#resources;
    return {
      size: entries.size,
      idle: idle.size,
      inUse: entries.size - idle.size,
      waiting: this.#queue.size,
      connecting: dialer.connecting,
      ...limits,
      failedCreations: dialer.failures,
      ...this.#counters,
      acquired: this.#counters.released + lending.lent + lending.revoked,
    };
  }

  /** The open resources one by one: who has been out for how long. */
  inspect(): PooledResource<R>[] {
    return inspect(this.#resources.entries, this.#options.clock.now());
  }

  #diagnostics(): Diagnostics<R> {
    const { name, clock, leakAfterMs, describe } = this.#options;
    const { entries, dialer, lending } = this.#resources;
    return new Diagnostics({
      ...{ name, leakAfterMs, describe, entries, counters: this.#counters, owner: lending },
      now: () => clock.now(),
      stats: () => this.stats(),
      lastFailureAgoMs: () => dialer.lastFailureAgoMs,
      walkWaiting: (visit) => this.#queue.walkKnown(visit),
    });
  }

  #isBroken(error: unknown, resource: R): boolean {
    try {
      return this.#options.isBroken(error, resource);
    } catch {
      // It could not tell; a resource in an unknown state is not lent again.
      return true;
    }
  }
}
