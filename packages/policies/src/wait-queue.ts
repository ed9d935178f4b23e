import type { Deadline, DeadlineQueue } from '@mainstay/core';
import type { RejectReason } from './rejected-error.js';
import type { Scope } from './scope.js';

interface Waiter {
  readonly level: number;
  admit(): void;
  refuse(reason: RejectReason): void;
}

export interface WaitQueueOptions {
  readonly levels: number;
  readonly maxQueued: number;
  readonly maxWaitMs: number;
  readonly deadlines: DeadlineQueue;
  /** The error of a waiter that is refused. */
  readonly refusal: (reason: RejectReason) => unknown;
}

/**
 * Calls that wait for their turn: a bounded number of them, for a bounded time, each leaving at once when it is aborted. Level
 * 0 goes first; within a level, who came first. A full queue makes room for a lower level by refusing the youngest of the
 * highest.
 */
export class WaitQueue {
  readonly #options: WaitQueueOptions;
  /** Sets keep the order of arrival and give up any member at once. */
  readonly #levels: Set<Waiter>[];
  #size = 0;

  constructor(options: WaitQueueOptions) {
    this.#options = options;
    this.#levels = Array.from({ length: options.levels }, () => new Set<Waiter>());
  }

  get size(): number {
    return this.#size;
  }

  /** @returns settles when it is this call's turn, or it was refused or aborted; undefined when there is no room */
  wait(scope: Scope, level: number): Promise<void> | undefined {
    const { maxQueued, maxWaitMs, deadlines, refusal } = this.#options;
    if (this.#size >= maxQueued && !this.#makeRoom(level)) return undefined;
    return new Promise((resolve, reject) => {
      let deadline: Deadline | undefined;
      let stopListening = (): void => {};
      const leave = (): void => {
        deadline?.cancel();
        stopListening();
        if (this.#levels[level]?.delete(waiter)) this.#size -= 1;
      };
      const waiter: Waiter = {
        level,
        admit() {
          leave();
          resolve();
        },
        refuse(reason) {
          leave();
          reject(refusal(reason));
        },
      };
      this.#levels[level]?.add(waiter);
      this.#size += 1;
      if (maxWaitMs !== Number.POSITIVE_INFINITY) {
        deadline = deadlines.add(maxWaitMs, () => waiter.refuse('waited-too-long'));
      }
      stopListening = scope.onAbort((reason) => {
        leave();
        reject(reason);
      });
    });
  }

  /** @returns whether there was somebody whose turn it could be */
  admitNext(): boolean {
    for (const level of this.#levels) {
      for (const waiter of level) {
        waiter.admit();
        return true;
      }
    }
    return false;
  }

  #makeRoom(level: number): boolean {
    for (let other = this.#levels.length - 1; other > level; other -= 1) {
      let youngest: Waiter | undefined;
      for (const waiter of this.#levels[other] ?? []) youngest = waiter;
      if (youngest !== undefined) {
        youngest.refuse('displaced');
        return true;
      }
    }
    return false;
  }
}
