import { MainstayError } from '@mainstay/core';
import type { Entry } from './entry.js';

/**
 * The right to use a resource of the pool, until `release()` or `destroy()`. Afterwards it is inert: a second release does
 * nothing, whoever holds the resource by then. Works with `using` and `await using`, which release it.
 */
export interface Lease<R> {
  /** @throws MainstayError with code ERR_POOL_LEASE_ENDED once the lease has ended */
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
  takeBack(entry: Entry<R>): void;
  giveUp(entry: Entry<R>, error: unknown): void;
}

export class PoolLease<R> implements Lease<R> {
  readonly #entry: Entry<R>;
  readonly #keeper: LeaseKeeper<R>;

  constructor(entry: Entry<R>, keeper: LeaseKeeper<R>) {
    this.#entry = entry;
    this.#keeper = keeper;
    entry.lease = this;
  }

  get resource(): R {
    if (this.#entry.lease !== this) {
      throw new MainstayError(
        'ERR_POOL_LEASE_ENDED',
        'This lease has ended: its resource may be in other hands',
      );
    }
    return this.#entry.resource;
  }

  get active(): boolean {
    return this.#entry.lease === this;
  }

  release(): boolean {
    if (this.#entry.lease !== this) return false;
    this.#entry.lease = undefined;
    this.#keeper.takeBack(this.#entry);
    return true;
  }

  destroy(error?: unknown): boolean {
    if (this.#entry.lease !== this) return false;
    this.#entry.lease = undefined;
    this.#keeper.giveUp(this.#entry, error);
    return true;
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}
