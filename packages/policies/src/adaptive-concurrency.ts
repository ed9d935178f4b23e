import { type Clock, deadlinesOf } from '@mainstay/core';
import { ask, decide } from './ask.js';
import type { Priority } from './call-context.js';
import { ConcurrencyGate } from './concurrency-gate.js';
import {
  type AdaptiveConcurrencyOptions,
  type ConcurrencySettings,
  readConcurrencyOptions,
} from './concurrency-options.js';
import { EventLoopDelay } from './event-loop-delay.js';
import { Gradient2 } from './gradient2.js';
import { bindStage, Policy } from './policy.js';
import { type RejectedError, type RejectReason, rejected } from './rejected-error.js';
import type { Run, Scope } from './scope.js';
import { Slot, SlotScope } from './slot.js';

export interface AdaptiveConcurrencyEvents {
  limitChange: { name: string; from: number; to: number };
  /** A call was turned away. */
  reject: { name: string; reason: RejectReason };
}

export interface AdaptiveConcurrencyStats {
  succeeded: number;
  failed: number;
  rejected: number;
  aborted: number;
  /** How many calls may run at this moment, how many do, and how many wait. */
  limit: number;
  running: number;
  queued: number;
  /** Of the last sample, and usually, in milliseconds; 0 while nothing is known. */
  rttMs: number;
  usualRttMs: number;
  loopDelayMs: number;
}

/** A map, since priorities may come from outside: an object would know `constructor` too. */
const levelOf: ReadonlyMap<unknown, number> = new Map<Priority, number>([
  ['high', 0],
  ['normal', 1],
  ['low', 2],
]);
const LOW = 2;

/** Made by {@link adaptiveConcurrency}. */
export class AdaptiveConcurrencyPolicy extends Policy<never, AdaptiveConcurrencyEvents> {
  readonly kind = 'adaptive-concurrency';
  protected readonly eventNames = ['limitChange', 'reject'] as const;
  readonly #settings: ConcurrencySettings;
  readonly #clock: Clock;
  readonly #gate: ConcurrencyGate;
  readonly #gradient: Gradient2;
  readonly #loop = new EventLoopDelay();
  #succeeded = 0;
  #failed = 0;
  #rejected = 0;
  #aborted = 0;
  #lastRttMs = 0;
  // The running sample.
  #sampledSince = 0;
  #ended = 0;
  #timed = 0;
  #timedMs = 0;
  #maxRunning = 0;
  #overloaded = false;

  constructor(options: AdaptiveConcurrencyOptions | undefined) {
    const settings = readConcurrencyOptions(options);
    super(settings.name);
    const { clock, limits, tolerance, maxQueued, maxWaitMs } = settings;
    this.#settings = settings;
    this.#clock = clock;
    this.#sampledSince = clock.now();
    this.#gradient = new Gradient2({ ...limits, tolerance });
    this.#gate = new ConcurrencyGate(limits.initialLimit, {
      levels: levelOf.size,
      maxQueued,
      maxWaitMs,
      deadlines: deadlinesOf(clock),
      refusal: (reason) => this.#refusal(reason),
    });
  }

  stats(): AdaptiveConcurrencyStats {
    return {
      succeeded: this.#succeeded,
      failed: this.#failed,
      rejected: this.#rejected,
      aborted: this.#aborted,
      limit: this.#gate.limit,
      running: this.#gate.running,
      queued: this.#gate.queued,
      rttMs: this.#lastRttMs,
      usualRttMs: this.#gradient.usualMs,
      loopDelayMs: this.#readLoopDelay(),
    };
  }

  /** @internal */
  [bindStage](next: Run): Run {
    return (scope) => {
      if (scope.aborted) return Promise.reject(scope.reason);
      const level = levelOf.get(scope.root.priority);
      if (level === undefined) return Promise.reject(unknownPriority(scope.root.priority));
      if (level === LOW && this.#isLoopLate()) return Promise.reject(this.#refusal('event-loop-late'));
      if (this.#gate.tryEnter()) return this.#enter(next, scope);
      const turn = this.#gate.wait(scope, level);
      if (turn === undefined) return Promise.reject(this.#refusal('full'));
      return turn.then(
        () => this.#enter(next, scope),
        (reason: unknown) => {
          if (scope.aborted) this.#aborted += 1;
          throw reason;
        },
      );
    };
  }

  #enter(next: Run, scope: Scope): Promise<unknown> {
    const slot = new Slot(scope.slot, this.#gate.leave);
    const startedAt = this.#clock.now();
    this.#loop.probe();
    if (this.#gate.running > this.#maxRunning) this.#maxRunning = this.#gate.running;
    return next(new SlotScope(scope, slot)).then(
      (result) => {
        this.#succeeded += 1;
        const now = this.#clock.now();
        this.#timed += 1;
        this.#timedMs += now - startedAt;
        this.#sample(now);
        slot.answered();
        return result;
      },
      (error: unknown) => {
        if (scope.aborted) this.#aborted += 1;
        else this.#fail(error);
        slot.answered();
        throw error;
      },
    );
  }

  #fail(error: unknown): void {
    this.#failed += 1;
    // How long a failure takes says nothing: it may be quick because nothing works any more.
    if (decide('isOverload', this.#settings.isOverload, false, error)) this.#overloaded = true;
    this.#sample(this.#clock.now());
  }

  #sample(now: number): void {
    this.#ended += 1;
    if (this.#ended < this.#settings.sampleCalls || now - this.#sampledSince < this.#settings.sampleMs)
      return;
    if (this.#timed > 0) this.#lastRttMs = this.#timedMs / this.#timed;
    const { maxMs, read } = this.#settings.eventLoopDelay;
    const delayMs = read === undefined ? this.#loop.takeMaxMs() : this.#readLoopDelay();
    this.#gradient.update({
      rttMs: this.#timed > 0 ? this.#lastRttMs : undefined,
      maxRunning: this.#maxRunning,
      overloaded: this.#overloaded,
      loopFactor: delayMs > maxMs ? maxMs / delayMs : 1,
    });
    this.#sampledSince = now;
    this.#ended = 0;
    this.#timed = 0;
    this.#timedMs = 0;
    this.#maxRunning = this.#gate.running;
    this.#overloaded = false;
    this.#adopt(this.#gradient.limit);
  }

  #adopt(limit: number): void {
    const from = this.#gate.limit;
    if (limit === from) return;
    this.#gate.limit = limit;
    if (this.events?.has('limitChange'))
      this.events.emit('limitChange', { name: this.name, from, to: limit });
  }

  /** Asked by every call of low priority, and measured by it: were they all turned away unasked, nobody would look again. */
  #isLoopLate(): boolean {
    this.#loop.probe();
    return this.#readLoopDelay() > this.#settings.eventLoopDelay.maxMs;
  }

  #readLoopDelay(): number {
    const { read } = this.#settings.eventLoopDelay;
    return read === undefined ? this.#loop.lastMs : ask('eventLoopDelay.read', read, 0);
  }

  #refusal(reason: RejectReason): RejectedError {
    this.#rejected += 1;
    if (this.events?.has('reject')) this.events.emit('reject', { name: this.name, reason });
    return rejected('ERR_CONCURRENCY_LIMIT', this.kind, this.name, reason);
  }
}

function unknownPriority(received: unknown): TypeError {
  const known = [...levelOf.keys()].map((name) => JSON.stringify(name));
  return new TypeError(
    `adaptive-concurrency: priority must be one of ${known.join(', ')}, received ${String(received)}`,
  );
}

/**
 * Finds out how many calls a dependency can take at the same time, by how long they last, and turns the others away with a
 * {@link RejectedError} (`ERR_CONCURRENCY_LIMIT`) or lets some of them wait. For dependencies whose capacity nobody knows or
 * that changes; where it is known, a `bulkhead` is simpler. A place is free when the work has really ended.
 *
 * `execute(fn, { priority: 'high' | 'normal' | 'low' })` decides who is served first and who is turned away first.
 * @throws TypeError or RangeError naming the option
 */
export function adaptiveConcurrency(options?: AdaptiveConcurrencyOptions): AdaptiveConcurrencyPolicy {
  return new AdaptiveConcurrencyPolicy(options);
}
