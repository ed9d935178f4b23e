import { MainstayError } from '@mainstay/core';
import type { Entry } from './entry.js';

/**
 * The right to use a resource of the pool, until `release()` or `destroy()`. Afterwards it is inert: a second release does
 * nothing, whoever holds the resource by then. Works with `using` and `await using`, which release it.
 *
 * Keep it for as long as the resource is in use: a lease that was collected without being released counts as leaked, and its
 * resource is destroyed.
 */
export interface Lease<R> {
  /**
   * Asking for it counts as a use of the resource, for leak detection.
   * @throws MainstayError with code ERR_POOL_LEASE_ENDED once the lease has ended
   */
  readonly resource: R;
  /** False once it was released or destroyed, or taken back by a drain that ran out of time. */
  readonly active: boolean;
  /** Gives the resource back. Returns false, and does nothing, when the lease has already ended. */
  release(): boolean;
  /** Gives the resource up: it is destroyed and never lent again. Returns false when the lease has already ended. */
  destroy(error?: unknown): boolean;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The pool's side of its leases. */
export interface LeaseKeeper<R> {
  /** @param lease what is collected when the holder forgets it; undefined: it is not his to forget */
  used(entry: Entry<R>, lease: object | undefined): void;
  takeBack(entry: Entry<R>): void;
  /** As `takeBack`, and nobody gets it before the check has passed. */
  takeBackChecked(entry: Entry<R>, check: (resource: R) => unknown): void;
  giveUp(entry: Entry<R>, error: unknown): void;
}

export class PoolLease<R> implements Lease<R> {
  /**
   * Most of the time no lease is alive when V8 collects garbage; what it knows of their shape would go with the last one, and
   * with it the code that was optimised for that shape, at each collection.
   */
  static readonly example: object = new PoolLease({ generation: 0 } as Entry<unknown>);
  readonly #entry: Entry<R>;
  readonly #generation: number;

  constructor(entry: Entry<R>, generation = entry.generation) {
    this.#entry = entry;
    this.#generation = generation;
  }

  get resource(): R {
    const entry = this.#entry;
    if (entry.generation !== this.#generation) {
      throw new MainstayError(
        'ERR_POOL_LEASE_ENDED',
        'This lease has ended: its resource may be in other hands',
      );
    }
    entry.keeper.used(entry, this);
    return entry.resource;
  }

  get active(): boolean {
    return this.#entry.generation === this.#generation;
  }

  release(): boolean {
    const entry = this.#entry;
    if (entry.generation !== this.#generation) return false;
    entry.keeper.takeBack(entry);
    return true;
  }

  destroy(error?: unknown): boolean {
    const entry = this.#entry;
    if (entry.generation !== this.#generation) return false;
    entry.keeper.giveUp(entry, error);
    return true;
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}

/** For what has just been lent. */
export function leaseOf<R>(entry: Entry<R>): Lease<R> {
  const lease = new PoolLease(entry);
  if (entry.holding !== undefined) entry.holding.keep(lease);
  return lease;
}
