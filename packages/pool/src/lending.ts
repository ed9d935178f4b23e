import type { Clock, DeadlineQueue, Events } from '@mainstay/core';
import type { PoolCounters } from './counters.js';
import type { Entry } from './entry.js';
import type { PoolEvents } from './events.js';
import { Holding, type Trace, traceAbove } from './holding.js';
import { LeakWatch } from './leak-watch.js';
import type { LeaseKeeper } from './lease.js';

/** A stack costs some microseconds: at one a millisecond they stay below a percent, and a quiet service has all of them. */
const MS_PER_TRACE = 1;

/** A function of the pool that was called from outside: a stack begins with its caller. */
export type Entrance = (...parameters: never[]) => unknown;

/** Where resources are while nobody has them. */
export interface Shelf<R> {
  takeBack(entry: Entry<R>): void;
  /** @param check what has to be seen to before it is lent again, instead of the pool's own `reset` */
  takeBackChecked(entry: Entry<R>, check: (resource: R) => unknown): void;
  discard(entry: Entry<R>, reason: 'holder' | 'leaked', error: unknown): void;
}

export interface LendingHost<R> {
  clock: Clock;
  deadlines: DeadlineQueue;
  counters: PoolCounters;
  /** 0: leaks are not looked for. */
  leakAfterMs: number;
  detectDeadlocks: boolean;
  entries: ReadonlySet<Entry<R>>;
  events: () => Events<PoolEvents<R>> | undefined;
  shelf: Shelf<R>;
}

/**
 * Resources on their way to holders and back, and what is remembered of the holders.
 *
 * Remembering costs something, so it is done for some: a stack once a millisecond; the holder's async context while half
 * of the pool or more is lent, since below that nobody can be waiting for himself.
 */
export class Lending<R> implements LeaseKeeper<R> {
  /** In holders' hands. */
  lent = 0;
  /** Taken from their holders. */
  revoked = 0;
  /** Set with the pool's first listener. */
  events: Events<PoolEvents<R>> | undefined = undefined;
  readonly #clock: Clock;
  readonly #counters: PoolCounters;
  readonly #shelf: Shelf<R>;
  readonly #host: LendingHost<R>;
  readonly #leaks: LeakWatch<R>;
  #scarceFrom = Number.POSITIVE_INFINITY;
  #traceAt = 0;

  constructor(host: LendingHost<R>) {
    this.#host = host;
    this.#shelf = host.shelf;
    this.#clock = host.clock;
    this.#counters = host.counters;
    this.#leaks = new LeakWatch({ ...host, remember: (entry) => this.#remember(entry) }, () => {
      this.#traceAt = 0;
    });
  }

  resize(max: number): void {
    if (this.#host.detectDeadlocks) this.#scarceFrom = Math.ceil(max / 2);
  }

  /** To the caller of `entrance`, who is on the stack. */
  lend(entry: Entry<R>, now: number, entrance: Entrance): void {
    entry.state = 'leased';
    entry.since = now;
    this.lent += 1;
    entry.scarce = this.lent >= this.#scarceFrom;
    if (now >= this.#traceAt) this.#sample(entry, entrance);
    if (this.events !== undefined) this.#announce(entry, 0);
  }

  /** To a caller who waited. */
  lendTo(entry: Entry<R>, now: number, trace: Trace | undefined, waitedMs: number): void {
    entry.state = 'leased';
    entry.since = now;
    this.lent += 1;
    entry.scarce = this.lent >= this.#scarceFrom;
    if (trace !== undefined) this.#remember(entry).trace = trace;
    this.#leaks.begin();
    if (this.events !== undefined) this.#announce(entry, waitedMs);
  }

  /** The stack of the caller, if it is time for one. */
  trace(now: number, entrance: Entrance): Trace | undefined {
    if (now < this.#traceAt) return undefined;
    this.#traceAt = now + MS_PER_TRACE;
    this.#leaks.begin();
    return this.#host.leakAfterMs > 0 ? traceAbove(entrance) : undefined;
  }

  used(entry: Entry<R>, lease: object | undefined): void {
    entry.usedAt = this.#clock.coarseNow();
    if (!entry.scarce) return;
    entry.scarce = false;
    const holding = this.#remember(entry);
    if (lease !== undefined) holding.keep(lease);
    holding.enter();
  }

  takeBack(entry: Entry<R>): void {
    this.#end(entry);
    this.#shelf.takeBack(entry);
  }

  takeBackChecked(entry: Entry<R>, check: (resource: R) => unknown): void {
    this.#end(entry);
    this.#shelf.takeBackChecked(entry, check);
  }

  giveUp(entry: Entry<R>, error: unknown): void {
    this.#end(entry);
    this.#shelf.discard(entry, 'holder', error);
  }

  /** The pool takes it from its holder, whose lease is inert from now on. */
  revoke(entry: Entry<R>): void {
    this.lent -= 1;
    this.revoked += 1;
    entry.revoked = entry.generation;
    entry.generation += 1;
    this.#forget(entry);
  }

  stop(): void {
    this.#leaks.stop();
  }

  #end(entry: Entry<R>): void {
    const now = this.#clock.coarseNow();
    const heldMs = now - entry.since;
    // A number that is passed on from function to function is put into a box each time: whoever needs the time finds it here.
    entry.since = now;
    entry.generation += 1;
    this.lent -= 1;
    const counters = this.#counters;
    counters.released += 1;
    counters.heldMs += heldMs;
    if (entry.holding !== undefined) this.#forget(entry);
    if (this.events !== undefined) this.#announceEnd(entry, heldMs);
  }

  #sample(entry: Entry<R>, entrance: Entrance): void {
    this.#remember(entry).trace = this.trace(entry.since, entrance);
  }

  #announce({ resource }: Entry<R>, waitedMs: number): void {
    if (this.events?.has('acquired')) this.events.emit('acquired', { resource, waitedMs });
  }

  #announceEnd({ resource }: Entry<R>, heldMs: number): void {
    if (this.events?.has('released')) this.events.emit('released', { resource, heldMs });
  }

  #forget(entry: Entry<R>): void {
    entry.holding?.end();
    entry.holding = undefined;
  }

  #remember(entry: Entry<R>): Holding {
    entry.holding ??= new Holding(this, entry.serial, () => this.#missed(entry));
    return entry.holding;
  }

  /** The lease was collected: nobody can give the resource back, and nobody knows what state it is in. */
  #missed(entry: Entry<R>): void {
    const stack = entry.holding?.trace?.stack;
    this.#leaks.report(entry, this.#clock.now(), true);
    this.revoke(entry);
    this.#shelf.discard(
      entry,
      'leaked',
      new Error(`A lease was collected without being released\n${stack ?? ''}`),
    );
  }
}
