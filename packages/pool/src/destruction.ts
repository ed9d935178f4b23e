import type { Events } from '@mainstay/core';
import { isThenable } from './checks.js';
import type { PoolCounters } from './counters.js';
import type { DestroyReason, PoolEvents } from './events.js';

export interface DestructionHost<R> {
  destroy: (resource: R) => unknown;
  events: () => Events<PoolEvents<R>> | undefined;
  ended: () => void;
}

/** Ends resources; counts those whose end takes its time. */
export class Destruction<R> {
  underWay = 0;
  readonly #host: DestructionHost<R>;

  constructor(host: DestructionHost<R>) {
    this.#host = host;
  }

  end(resource: R, reason: DestroyReason, error: unknown): void {
    const { destroy, events, ended } = this.#host;
    this.underWay += 1;
    const done = (): void => {
      this.underWay -= 1;
      events()?.emit('destroyed', { resource, reason, error });
      ended();
    };
    const failed = (failure: unknown): void => {
      events()?.emit('error', { operation: 'destroy', error: failure });
    };
    let answer: unknown;
    try {
      answer = destroy(resource);
    } catch (failure) {
      failed(failure);
    }
    if (!isThenable(answer)) {
      done();
      return;
    }
    Promise.resolve(answer).then(done, (failure: unknown) => {
      failed(failure);
      done();
    });
  }
}

/** Counts one of the pool's resources that is destroyed. */
export function countDestroyed(counters: PoolCounters, reason: DestroyReason): void {
  counters.destroyed += 1;
  if (reason === 'idle') counters.destroyedIdle += 1;
  else if (reason === 'surplus') counters.destroyedSurplus += 1;
  else if (reason === 'lifetime') counters.destroyedLifetime += 1;
}
