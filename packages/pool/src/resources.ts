import type { DeadlineQueue } from '@mainstay/core';
import { awaitCheck, isThenable } from './checks.js';
import { Dialer } from './dialer.js';
import { Entry } from './entry.js';
import type { DestroyReason, PoolEvents } from './events.js';
import { IdleStack } from './idle-stack.js';
import type { CheckedPoolOptions } from './options.js';
import { Reaper } from './reaper.js';
import type { ResourceHost } from './resource-host.js';

/** Part of a resource's lifetime that is taken off at random, so that those made together do not end together. */
const LIFETIME_JITTER_RATIO = 0.1;

/** The resources of a pool from creation to destruction; who waits for them is the pool's business. */
export class Resources<R> {
  readonly entries = new Set<Entry<R>>();
  readonly idle = new IdleStack<R>();
  readonly dialer: Dialer<R>;
  readonly #options: CheckedPoolOptions<R>;
  readonly #host: ResourceHost<R>;
  readonly #deadlines: DeadlineQueue;
  readonly #reaper: Reaper<R>;
  #checking = 0;
  #destroying = 0;
  #closed = false;

  constructor(options: CheckedPoolOptions<R>, deadlines: DeadlineQueue, host: ResourceHost<R>) {
    this.#options = options;
    this.#host = host;
    this.#deadlines = deadlines;
    const emit = host.events;
    this.dialer = new Dialer<R>({
      name: options.name,
      create: options.create,
      createTimeoutMs: options.createTimeoutMs,
      maxConnecting: options.maxConnecting,
      clock: options.clock,
      deadlines,
      random: Math.random,
      onCreated: (resource, durationMs) => this.#adopt(resource, durationMs),
      onFailed: (error) => this.#createFailed(error),
      onStopped: host.ended,
      onLate: (resource) => this.#destroy(resource, 'late', undefined),
      onReady: () => this.provision(),
      onDown: (error) => emit()?.emit('down', { error }),
      onUp: (downForMs) => emit()?.emit('up', { downForMs }),
    });
    this.#reaper = new Reaper(
      {
        idle: this.idle,
        spare: () => this.entries.size - options.min,
        now: () => options.clock.now(),
        close: (entry, reason) => this.discard(entry, reason),
      },
      options.idleTimeoutMs,
      deadlines,
    );
  }

  /** Open, opening, or being destroyed. */
  get outstanding(): number {
    return this.entries.size + this.dialer.connecting + this.#destroying;
  }

  /** Resources that could go to callers in the queue without anybody giving one back. */
  get obtainable(): number {
    return this.#options.max - this.entries.size + this.idle.size + this.#checking;
  }

  /** The warmest idle resource that may be lent without a check. */
  take(now: number): Entry<R> | undefined {
    for (let entry = this.idle.peek(); entry !== undefined; entry = this.idle.peek()) {
      if (entry.expiresAt <= now) {
        this.discard(entry, 'lifetime');
        continue;
      }
      if (this.#options.validate !== undefined && now - entry.since >= this.#options.validateAfterIdleMs) {
        return undefined;
      }
      this.idle.pop();
      return entry;
    }
    return undefined;
  }

  /** A resource came back from its holder. */
  takeBack(entry: Entry<R>): void {
    const { reset, maxUses } = this.#options;
    if (entry.lost) this.discard(entry, 'lost', entry.lostError);
    else if (this.#closed) this.discard(entry, 'drain');
    else if (maxUses > 0 && entry.uses >= maxUses) this.discard(entry, 'uses');
    else if (reset === undefined) this.#offer(entry);
    else {
      entry.state = 'checking';
      if (this.#passes(entry, 'reset', reset)) this.#offer(entry);
    }
  }

  /** Ends a resource, wherever it is. Nothing happens when it has ended already. */
  discard(entry: Entry<R>, reason: DestroyReason, error?: unknown): void {
    if (entry.state === 'gone') return;
    if (entry.state === 'idle') this.idle.remove(entry);
    entry.state = 'gone';
    entry.lease = undefined;
    this.entries.delete(entry);
    this.#host.counters.destroyed += 1;
    this.#destroy(entry.resource, reason, error);
    this.provision();
  }

  /** Sees to it that everybody who waits is served by something that is under way, as far as `max` allows. */
  provision(): void {
    if (this.#closed) return;
    const { min, max } = this.#options;
    const now = this.#options.clock.coarseNow();
    while (this.idle.size > 0 && this.#host.waiting() > this.dialer.connecting + this.#checking) {
      const entry = this.take(now);
      if (entry !== undefined) this.#offer(entry);
      else if (!this.#validateWarmest()) break;
    }
    const open = this.entries.size + this.dialer.connecting;
    const missing = this.#host.waiting() - this.dialer.connecting - this.#checking;
    this.dialer.request(Math.min(Math.max(missing, min - open), max - open), missing > 0);
  }

  close(): void {
    this.#closed = true;
    this.#reaper.stop();
    this.dialer.stop();
    for (const entry of this.idle.fromOldest()) this.discard(entry, 'drain');
  }

  /** Takes everything back from its holders. */
  force(): void {
    for (const entry of [...this.entries]) this.discard(entry, 'drain');
  }

  #offer(entry: Entry<R>): void {
    const now = this.#options.clock.coarseNow();
    if (entry.expiresAt <= now) this.discard(entry, 'lifetime');
    else if (this.#closed) this.discard(entry, 'drain');
    else if (!this.#host.lend(entry, now)) {
      entry.state = 'idle';
      entry.since = now;
      this.idle.push(entry);
      this.#reaper.arm(entry.expiresAt);
    }
  }

  #adopt(resource: R, durationMs: number): (error: unknown) => void {
    const { clock, maxLifetimeMs } = this.#options;
    const now = clock.now();
    const lifetime = maxLifetimeMs * (1 - LIFETIME_JITTER_RATIO * Math.random());
    const entry = new Entry(resource, now, maxLifetimeMs === 0 ? Number.POSITIVE_INFINITY : now + lifetime);
    this.entries.add(entry);
    this.#host.counters.created += 1;
    this.#host.events()?.emit('created', { resource, durationMs });
    this.#offer(entry);
    this.provision();
    return (error) => this.#lost(entry, error);
  }

  #lost(entry: Entry<R>, error: unknown): void {
    entry.lost = true;
    entry.lostError = error;
    if (entry.state !== 'leased') this.discard(entry, 'lost', error);
  }

  #createFailed(error: unknown): void {
    this.#host.counters.createErrors += 1;
    this.#report('create', error);
    if (this.dialer.connecting === 0 && [...this.entries].every((entry) => entry.lost)) {
      this.#host.unreachable(error);
    }
    this.provision();
    this.#host.ended();
  }

  #validateWarmest(): boolean {
    const { validate } = this.#options;
    const entry = validate === undefined ? undefined : this.idle.pop();
    if (validate === undefined || entry === undefined) return false;
    entry.state = 'checking';
    if (this.#passes(entry, 'validation', validate)) this.#offer(entry);
    return true;
  }

  /** True: passed at once. False: failed, and the entry is gone; or it will be offered when the answer is there. */
  #passes(entry: Entry<R>, reason: 'validation' | 'reset', check: (resource: R) => unknown): boolean {
    let answer: unknown;
    try {
      answer = check(entry.resource);
    } catch (error) {
      this.#checkFailed(entry, reason, error);
      return false;
    }
    if (isThenable(answer)) {
      this.#checking += 1;
      awaitCheck(answer, this.#options.checkTimeoutMs, this.#deadlines, (outcome) => {
        this.#checking -= 1;
        // It may have been lost, or taken by a drain, while it was asked.
        if (entry.state !== 'checking') return;
        if (outcome === undefined) this.#offer(entry);
        else this.#checkFailed(entry, reason, outcome.error);
      });
      return false;
    }
    if (answer === false) this.#checkFailed(entry, reason, undefined);
    return answer !== false;
  }

  #checkFailed(entry: Entry<R>, reason: 'validation' | 'reset', error: unknown): void {
    if (reason === 'validation') this.#host.counters.validationFailures += 1;
    if (error !== undefined) this.#report(reason === 'validation' ? 'validate' : 'reset', error);
    this.discard(entry, reason, error);
  }

  #destroy(resource: R, reason: DestroyReason, error: unknown): void {
    this.#destroying += 1;
    const done = (): void => {
      this.#destroying -= 1;
      this.#host.events()?.emit('destroyed', { resource, reason, error });
      this.#host.ended();
    };
    let ended: unknown;
    try {
      ended = this.#options.destroy(resource);
    } catch (failure) {
      this.#report('destroy', failure);
    }
    if (!isThenable(ended)) {
      done();
      return;
    }
    Promise.resolve(ended).then(done, (failure: unknown) => {
      this.#report('destroy', failure);
      done();
    });
  }

  #report(operation: PoolEvents<R>['error']['operation'], error: unknown): void {
    this.#host.events()?.emit('error', { operation, error });
  }
}
