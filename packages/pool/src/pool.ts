import {
  type Clock,
  type DeadlineQueue,
  deadlinesOf,
  Events,
  type Listener,
  option,
  readOptions,
} from '@mainstay/core';
import { type AcquireOptions, readTimeout } from './acquire-options.js';
import { AcquireQueue } from './acquire-queue.js';
import { Closing } from './closing.js';
import { type PoolStats, zeroCounters } from './counters.js';
import { diagnose, type HeldTimes, heldForMs } from './diagnosis.js';
import type { Entry } from './entry.js';
import {
  acquireTimeoutError,
  type PoolAcquireTimeoutError,
  PoolClosedError,
  queueFullError,
} from './errors.js';
import type { PoolEvents } from './events.js';
import { inspect, type PooledResource } from './inspection.js';
import { type Lease, type LeaseKeeper, PoolLease } from './lease.js';
import { type CheckedPoolOptions, type PoolOptions, readPoolOptions } from './options.js';
import { Resources } from './resources.js';

const NO_OPTIONS: AcquireOptions = {};

/**
 * A bounded pool of any resource: last in, first out among the idle (as HikariCP and pgxpool do), first come, first served
 * among those who wait, one dialer for all of them.
 *
 * While nothing is open and nothing can be created, callers get the error of the next attempt, which is at most a second
 * away; while something is open they wait for it. Either way their own deadline holds.
 */
export class Pool<R> implements AsyncDisposable {
  readonly kind = 'pool';
  readonly name: string;
  readonly #options: CheckedPoolOptions<R>;
  readonly #clock: Clock;
  readonly #deadlines: DeadlineQueue;
  readonly #queue: AcquireQueue<R>;
  readonly #resources: Resources<R>;
  readonly #counters = zeroCounters();
  readonly #closing: Closing;
  readonly #keeper: LeaseKeeper<R>;
  #events: Events<PoolEvents<R>> | undefined;
  #closed = false;
  #heldForMs: HeldTimes | undefined;

  /** @throws TypeError, RangeError when an option is wrong */
  constructor(options: PoolOptions<R>) {
    this.#options = readPoolOptions('Pool', options);
    this.name = this.#options.name;
    this.#clock = this.#options.clock;
    this.#deadlines = deadlinesOf(this.#clock);
    this.#queue = new AcquireQueue({
      clock: this.#clock,
      deadlines: this.#deadlines,
      counters: this.#counters,
      timeoutMs: this.#options.acquireTimeoutMs,
      timedOut: (waitedMs) => this.#timedOut(waitedMs),
    });
    this.#resources = new Resources(this.#options, this.#deadlines, {
      counters: this.#counters,
      events: () => this.#events,
      waiting: () => this.#queue.size,
      lend: (entry, now) => this.#lendToFirst(entry, now),
      unreachable: (error) => this.#queue.rejectAll(error),
      ended: () => this.#closed && this.#closing.check(),
    });
    this.#closing = new Closing(this.#deadlines, {
      outstanding: () => this.#resources.outstanding,
      force: () => this.#resources.force(),
    });
    this.#keeper = {
      takeBack: (entry) => {
        this.#countRelease(entry);
        this.#resources.takeBack(entry);
      },
      giveUp: (entry, error) => {
        this.#countRelease(entry);
        this.#resources.discard(entry, 'holder', error);
      },
    };
  }

  /**
   * Waits for a resource, first come, first served.
   * @throws PoolAcquireTimeoutError, PoolQueueFullError, PoolClosedError, the signal's reason, or the error of `create`
   */
  acquire(options: AcquireOptions = NO_OPTIONS): Promise<Lease<R>> {
    const lease = options.signal?.aborted === true ? undefined : this.tryAcquire();
    return lease === undefined ? this.#wait(options) : Promise.resolve(lease);
  }

  /** A resource that is ready now, or undefined: nothing idle, the idle ones must be validated first, or others wait. */
  tryAcquire(): Lease<R> | undefined {
    if (this.#queue.size > 0) return undefined;
    const now = this.#clock.coarseNow();
    const entry = this.#resources.take(now);
    if (entry === undefined) return undefined;
    const lease = this.#lend(entry, now);
    if (this.#events?.has('acquired'))
      this.#events.emit('acquired', { resource: entry.resource, waitedMs: 0 });
    return lease;
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
   * Lends nothing more: rejects all who wait, closes what is idle, waits for the holders, and takes back what is still out
   * after `timeoutMs` (their leases are inert then). Always settles. Called again, the earlier end counts.
   */
  drain(options: { timeoutMs?: number | undefined } = {}): Promise<void> {
    const { timeoutMs } = readOptions('Pool.drain', options, {
      timeoutMs: option.milliseconds({ min: 0, default: 30_000 }),
    });
    if (!this.#closed) {
      this.#closed = true;
      this.#queue.rejectAll(new PoolClosedError(this.name));
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
    this.#events ??= new Events();
    return this.#events.on(event, listener);
  }

  stats(): PoolStats {
    const size = this.#resources.entries.size;
    const idle = this.#resources.idle.size;
    const { connecting } = this.#resources.dialer;
    const { max } = this.#options;
    return {
      size,
      idle,
      inUse: size - idle,
      waiting: this.#queue.size,
      connecting,
      max,
      ...this.#counters,
    };
  }

  /** The open resources one by one: who has been out for how long. */
  inspect(): PooledResource<R>[] {
    return inspect(this.#resources.entries, this.#clock.now());
  }

  #wait(options: AcquireOptions): Promise<Lease<R>> {
    const { signal } = options;
    let ownTimeoutMs: number | undefined;
    try {
      if (options.timeoutMs !== undefined) ownTimeoutMs = readTimeout(options);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#closed) return Promise.reject(new PoolClosedError(this.name));
    if (signal?.aborted) {
      this.#counters.acquireAborted += 1;
      return Promise.reject(signal.reason);
    }
    if (this.#queue.size - this.#resources.obtainable >= this.#options.maxQueued) {
      this.#counters.refused += 1;
      return Promise.reject(queueFullError(this.name, this.#options.maxQueued));
    }
    const promise = this.#queue.enter(ownTimeoutMs, signal);
    this.#resources.provision();
    return promise;
  }

  #lend(entry: Entry<R>, now: number): Lease<R> {
    entry.state = 'leased';
    entry.since = now;
    entry.uses += 1;
    this.#counters.acquired += 1;
    return new PoolLease(entry, this.#keeper);
  }

  #lendToFirst(entry: Entry<R>, now: number): boolean {
    const waiter = this.#queue.shift();
    if (waiter === undefined) return false;
    // The coarse time may be older than the caller's arrival.
    const waitedMs = Math.max(0, now - waiter.since);
    this.#counters.acquireWaitMs += waitedMs;
    waiter.resolve(this.#lend(entry, now));
    if (this.#events?.has('acquired')) this.#events.emit('acquired', { resource: entry.resource, waitedMs });
    return true;
  }

  #countRelease(entry: Entry<R>): void {
    this.#counters.released += 1;
    if (!this.#events?.has('released')) return;
    this.#events.emit('released', {
      resource: entry.resource,
      heldMs: this.#clock.coarseNow() - entry.since,
    });
  }

  #timedOut(waitedMs: number): PoolAcquireTimeoutError {
    const { entries, dialer } = this.#resources;
    this.#heldForMs = heldForMs(entries, this.#heldForMs, this.#clock.now());
    const diagnosis = diagnose(this.name, waitedMs, this.stats(), this.#heldForMs.values, dialer);
    const error = acquireTimeoutError(diagnosis, dialer.lastError);
    if (this.#events?.has('timeout')) this.#events.emit('timeout', { error });
    return error;
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
