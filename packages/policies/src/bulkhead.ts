import { type Clock, deadlinesOf, option, readOptions } from '@mainstay/core';
import { ConcurrencyGate } from './concurrency-gate.js';
import { bindStage, Policy } from './policy.js';
import { clockField, nameField } from './policy-options.js';
import { type RejectedError, type RejectReason, rejected } from './rejected-error.js';
import { runWork } from './run-work.js';
import type { Run, Scope } from './scope.js';
import { Slot, SlotScope } from './slot.js';

export interface BulkheadOptions {
  name?: string | undefined;
  /** How many calls may run at the same time. */
  maxConcurrent: number;
  /** How many more may wait for their turn, first come, first served (default 0). */
  maxQueued?: number | undefined;
  /** For how long at most (default 10,000). */
  maxWaitMs?: number | undefined;
  /**
   * When a place becomes free: 'settle' (default), when the work has really ended, also where a timeout has long answered;
   * 'timeout', when the call was answered or aborted, whatever still runs. Work that may never settle needs the second.
   */
  releaseOn?: 'settle' | 'timeout' | undefined;
  clock?: Clock | undefined;
}

const fields = {
  name: nameField('bulkhead'),
  maxConcurrent: option.integer({ min: 1, max: 1_000_000 }),
  maxQueued: option.integer({ min: 0, max: 1_000_000, default: 0 }),
  maxWaitMs: option.milliseconds({ min: 1, default: 10_000 }),
  releaseOn: option.oneOf(['settle', 'timeout'], { default: 'settle' }),
  clock: clockField,
};

export interface BulkheadEvents {
  /** A call was turned away. */
  reject: { name: string; reason: RejectReason };
}

export interface BulkheadStats {
  succeeded: number;
  failed: number;
  rejected: number;
  /** Calls that went away while they waited. */
  aborted: number;
  /** Places that are taken, by work that may have been given up. */
  running: number;
  queued: number;
  maxConcurrent: number;
}

/** Made by {@link bulkhead}. */
export class BulkheadPolicy extends Policy<never, BulkheadEvents> {
  readonly kind = 'bulkhead';
  protected readonly eventNames = ['reject'] as const;
  readonly #gate: ConcurrencyGate;
  readonly #releaseOnAnswer: boolean;
  #succeeded = 0;
  #failed = 0;
  #rejected = 0;
  #aborted = 0;

  constructor(options: BulkheadOptions) {
    const checked = readOptions('bulkhead', options, fields);
    super(checked.name);
    this.#releaseOnAnswer = checked.releaseOn === 'timeout';
    this.#gate = new ConcurrencyGate(checked.maxConcurrent, {
      levels: 1,
      maxQueued: checked.maxQueued,
      maxWaitMs: checked.maxWaitMs,
      deadlines: deadlinesOf(checked.clock),
      refusal: (reason) => this.#refusal(reason),
    });
  }

  stats(): BulkheadStats {
    return {
      succeeded: this.#succeeded,
      failed: this.#failed,
      rejected: this.#rejected,
      aborted: this.#aborted,
      running: this.#gate.running,
      queued: this.#gate.queued,
      maxConcurrent: this.#gate.limit,
    };
  }

  /** @internal */
  [bindStage](next: Run): Run {
    // Where nothing lies between, the answer is the end of the work: nothing has to follow it.
    const direct = next === runWork && !this.#releaseOnAnswer;
    const enter: Run = direct
      ? (scope) => next(scope).then(this.#succeed, this.#fail)
      : (scope) => this.#enter(next, scope);
    return (scope) => {
      if (scope.aborted) return Promise.reject(scope.reason);
      if (this.#gate.tryEnter()) return enter(scope);
      const turn = this.#gate.wait(scope, 0);
      if (turn === undefined) return Promise.reject(this.#refusal('full'));
      return turn.then(
        () => enter(scope),
        (reason: unknown) => {
          if (scope.aborted) this.#aborted += 1;
          throw reason;
        },
      );
    };
  }

  readonly #succeed = (result: unknown): unknown => {
    this.#succeeded += 1;
    this.#gate.leave();
    return result;
  };

  readonly #fail = (error: unknown): never => {
    this.#failed += 1;
    this.#gate.leave();
    throw error;
  };

  #enter(next: Run, scope: Scope): Promise<unknown> {
    const slot = new Slot(scope.slot, this.#gate.leave);
    const stopListening = this.#releaseOnAnswer ? scope.onAbort(() => slot.giveBackNow()) : undefined;
    return next(new SlotScope(scope, slot)).then(
      (result) => {
        this.#succeeded += 1;
        this.#answer(slot, stopListening);
        return result;
      },
      (error: unknown) => {
        this.#failed += 1;
        this.#answer(slot, stopListening);
        throw error;
      },
    );
  }

  #answer(slot: Slot, stopListening: (() => void) | undefined): void {
    stopListening?.();
    if (this.#releaseOnAnswer) slot.giveBackNow();
    else slot.answered();
  }

  #refusal(reason: RejectReason): RejectedError {
    this.#rejected += 1;
    if (this.events?.has('reject')) this.events.emit('reject', { name: this.name, reason });
    return rejected('ERR_BULKHEAD_FULL', this.kind, this.name, reason);
  }
}

/**
 * Keeps one dependency from taking all there is: at most so many calls at the same time, so many more that wait, and a
 * {@link RejectedError} (`ERR_BULKHEAD_FULL`) at once for the rest.
 * @throws TypeError or RangeError naming the option
 */
export function bulkhead(options: BulkheadOptions): BulkheadPolicy {
  return new BulkheadPolicy(options);
}
