import type { Checkups } from './checkups.js';
import { countDestroyed, type Destruction } from './destruction.js';
import type { Dialer } from './dialer.js';
import { Entry } from './entry.js';
import type { DestroyReason } from './events.js';
import { IdleStack } from './idle-stack.js';
import { Lending } from './lending.js';
import { type Limits, mostOf } from './limits.js';
import type { CheckedPoolOptions } from './options.js';
import type { Reaper } from './reaper.js';
import type { ResourceHost } from './resource-host.js';
import { makeParts } from './resource-parts.js';
import { Warming } from './warming.js';

/** The resources of a pool from creation to destruction; who waits for them is the pool's business. */
export class Resources<R> {
  readonly entries = new Set<Entry<R>>();
  readonly idle = new IdleStack<R>();
  readonly dialer: Dialer<R>;
  readonly lending: Lending<R>;
  readonly limits: Limits;
  readonly warming = new Warming();
  readonly #options: CheckedPoolOptions<R>;
  readonly #host: ResourceHost<R>;
  readonly #queue: { readonly size: number };
  readonly #reaper: Reaper<R>;
  readonly #checkups: Checkups<R>;
  readonly #destruction: Destruction<R>;
  /** Nothing has to be done with a resource that comes back, whichever it is. */
  #plain = false;
  readonly #validates: boolean;
  #probing = false;
  #closed = false;

  constructor(options: CheckedPoolOptions<R>, host: ResourceHost<R>) {
    const { clock, min, max, overflow, leakAfterMs, detectDeadlocks } = options;
    const { counters, deadlines, queue } = host;
    const { entries, idle } = this;
    this.#options = options;
    this.#host = host;
    this.#queue = queue;
    this.#validates = options.validate !== undefined;
    this.limits = { min, max, overflow };
    this.lending = new Lending({
      ...{ clock, deadlines, counters, leakAfterMs, detectDeadlocks, entries, shelf: this },
      events: () => this.lending.events,
    });
    this.lending.resize(max);
    const parts = makeParts(options, host, {
      ...{ idle, lending: this.lending, spare: () => entries.size - this.limits.min },
      adopt: (resource, durationMs) => this.#adopt(resource, durationMs),
      createFailed: (error, startedAt) => this.#createFailed(error, startedAt),
      retry: () => this.provision(this.#probing ? 1 : 0),
      provision: () => this.provision(),
      offer: (entry) => this.#offer(entry),
      putBack: (entry, now) => this.#putBack(entry, now),
      discard: (entry, reason, error) => this.discard(entry, reason, error),
    });
    this.dialer = parts.dialer;
    this.#reaper = parts.reaper;
    this.#checkups = parts.checkups;
    this.#destruction = parts.destruction;
  }

  /** Open, opening, or being destroyed. */
  get outstanding(): number {
    return this.entries.size + this.dialer.connecting + this.#destruction.underWay;
  }

  /** Resources that could go to callers in the queue without anybody giving one back. */
  get obtainable(): number {
    return Math.max(0, mostOf(this.limits) - this.entries.size) + this.idle.size + this.#checkups.underWay;
  }

  /** Nothing is open, and creation has failed so often that it is better not to wait for the next attempt. */
  get unreachable(): boolean {
    return this.entries.size === 0 && this.dialer.turnsAway;
  }

  /** The warmest idle resource that may be lent without a check. */
  take(now: number): Entry<R> | undefined {
    const entry = this.idle.pop();
    if (entry === undefined) return undefined;
    const proved = !this.#validates || !entry.isUnproved(now, this.#options.validateAfterIdleMs);
    if (proved && entry.expiresAt > now) return entry;
    this.idle.push(entry);
    if (entry.expiresAt > now) return undefined;
    this.discard(entry, 'lifetime');
    return this.take(now);
  }

  /** A resource came back from its holder. */
  takeBack(entry: Entry<R>): void {
    const usual = this.#plain && !entry.lost && entry.expiresAt > entry.since;
    if (usual && this.#queue.size === 0) this.#rest(entry);
    else if (usual) this.#host.lendToFirst(entry);
    else this.takeBackChecked(entry, this.#options.reset);
  }

  takeBackChecked(entry: Entry<R>, reset: ((resource: R) => unknown) | undefined): void {
    const { maxUses } = this.#options;
    if (entry.lost) this.discard(entry, 'lost', entry.lostError);
    else if (this.#closed) this.discard(entry, 'drain');
    else if (maxUses > 0 && entry.generation >= maxUses) this.discard(entry, 'uses');
    else if (reset === undefined) this.#offer(entry);
    else this.#checkups.reset(entry, reset);
  }

  /** Ends a resource, wherever it is. Nothing happens when it has ended already. */
  discard(entry: Entry<R>, reason: DestroyReason, error?: unknown): void {
    if (entry.state === 'gone') return;
    if (entry.state === 'idle') this.idle.remove(entry);
    entry.state = 'gone';
    this.entries.delete(entry);
    this.#lookAround();
    countDestroyed(this.#host.counters, reason);
    this.#destruction.end(entry.resource, reason, error);
    this.provision();
  }

  /**
   * Sees to it that everybody who waits is served by something that is under way, as far as the limits allow.
   * @param atLeast creations, also when nobody waits
   */
  provision(atLeast = 0): void {
    if (this.#closed) return;
    this.#probing = false;
    // Thousands who join a queue while all is lent: nothing can be done for them.
    if (this.idle.size === 0 && this.entries.size + this.dialer.connecting >= mostOf(this.limits)) return;
    const { min, max } = this.limits;
    const now = this.#options.clock.coarseNow();
    while (this.idle.size > 0 && this.#queue.size > this.dialer.connecting + this.#checkups.underWay) {
      const entry = this.take(now);
      if (entry === undefined && !this.#checkups.validateWarmest()) break;
      if (entry !== undefined) this.#offer(entry, now);
    }
    const open = this.entries.size + this.dialer.connecting;
    const missing = this.#queue.size - this.dialer.connecting - this.#checkups.underWay;
    const kept = Math.min(max, Math.max(this.#host.manners.refills ? min : 0, this.warming.target)) - open;
    const attended = missing > 0 || this.warming.target > 0 || atLeast > 0;
    this.dialer.request(Math.min(Math.max(missing, kept, atLeast), mostOf(this.limits) - open), attended);
  }

  /** For callers who do not wait: looks once more whether the server is back, when the pause is over. */
  probe(): void {
    if (this.#closed || this.#probing || this.dialer.connecting > 0) return;
    this.#probing = true;
    this.dialer.request(1, true);
  }

  resize(limits: Limits): void {
    Object.assign(this.limits, limits);
    this.#lookAround();
    this.lending.resize(limits.max);
    for (const entry of this.idle.fromOldest()) {
      if (this.entries.size <= limits.max) break;
      this.discard(entry, 'surplus');
    }
    this.#reaper.arm(Number.NEGATIVE_INFINITY);
    this.provision();
  }

  close(): void {
    this.#closed = true;
    this.#lookAround();
    this.#reaper.stop();
    this.dialer.stop();
    this.lending.stop();
    for (const entry of this.idle.fromOldest()) this.discard(entry, 'drain');
  }

  /** Takes everything back from its holders. */
  force(): void {
    for (const entry of [...this.entries]) {
      if (entry.state === 'leased') this.lending.revoke(entry);
      this.discard(entry, 'drain');
    }
  }

  /** @param now since when it is ready for its next holder; left out, `since` tells */
  #offer(entry: Entry<R>, now = entry.since): void {
    entry.since = now;
    if (entry.expiresAt <= entry.since) this.discard(entry, 'lifetime');
    else if (this.#closed) this.discard(entry, 'drain');
    else if (this.#surplus()) this.discard(entry, 'surplus');
    else if (this.#queue.size > 0) this.#host.lendToFirst(entry);
    else this.#rest(entry);
  }

  #rest(entry: Entry<R>): void {
    entry.state = 'idle';
    this.idle.push(entry);
    if (!this.#reaper.covers(entry)) this.#reaper.arm(entry.expiresAt);
  }

  #lookAround(): void {
    const { reset, maxUses } = this.#options;
    this.#plain =
      !this.#closed && reset === undefined && maxUses === 0 && this.entries.size <= this.limits.max;
  }

  /** Overflow serves those who wait; what a resize left over serves nobody. */
  #surplus(): boolean {
    const { size } = this.entries;
    return size > this.limits.max && (this.#queue.size === 0 || size > mostOf(this.limits));
  }

  #putBack(entry: Entry<R>, now: number): void {
    if (this.#closed || this.#queue.size > 0) {
      this.#offer(entry, now);
      return;
    }
    entry.state = 'idle';
    this.idle.putBack(entry);
    this.#reaper.arm(entry.expiresAt);
  }

  #adopt(resource: R, durationMs: number): (error: unknown) => void {
    const { clock, maxLifetimeMs } = this.#options;
    const { jitters } = this.#host.manners;
    const entry = new Entry(resource, this.lending, clock.now(), maxLifetimeMs, jitters);
    this.entries.add(entry);
    this.#lookAround();
    this.#host.counters.created += 1;
    this.#host.counters.createMs += durationMs;
    this.lending.events?.emit('created', { resource, durationMs });
    this.warming.reached(this.entries.size);
    this.#offer(entry);
    this.provision();
    return (error) => this.#lost(entry, error);
  }

  #lost(entry: Entry<R>, error: unknown): void {
    entry.lost = true;
    entry.lostError = error;
    if (entry.state !== 'leased') this.discard(entry, 'lost', error);
  }

  #createFailed(error: unknown, startedAt: number): void {
    this.#host.counters.createErrors += 1;
    this.lending.events?.emit('error', { operation: 'create', error });
    this.warming.failed(error);
    if (!this.#host.manners.dialsForAll) this.#host.failFirst(error, startedAt);
    else if (this.dialer.connecting === 0 && [...this.entries].every((entry) => entry.lost)) {
      this.#host.unreachable(error);
    }
    this.provision();
    this.#host.ended();
  }
}
