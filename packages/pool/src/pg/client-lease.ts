import type { PoolClient } from 'pg';
import type { Lease } from '../lease.js';
import type { Checkouts } from './checkouts.js';

/**
 * A client for one holder. pg's clients have one `release`, whoever calls it; a lease has its own, and is inert afterwards.
 * While the lease holds the client, `client.release()` throws: it can only be somebody who has released before.
 */
export class ClientLease implements Lease<PoolClient> {
  readonly #lease: Lease<PoolClient>;
  readonly #checkouts: Checkouts;

  constructor(lease: Lease<PoolClient>, checkouts: Checkouts) {
    this.#lease = lease;
    this.#checkouts = checkouts;
    const client = lease.resource;
    client.release = () => {
      throw new Error('This client belongs to a lease: only the lease can release it.');
    };
    checkouts.announceAcquire(client);
  }

  get resource(): PoolClient {
    return this.#lease.resource;
  }

  get active(): boolean {
    return this.#lease.active;
  }

  release(): boolean {
    return this.#end(undefined);
  }

  destroy(): boolean {
    return this.#end(true);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }

  #end(giveUp: true | undefined): boolean {
    if (!this.#lease.active) return false;
    this.#checkouts.takeBack(this.#lease, this.#lease.resource, giveUp);
    return true;
  }
}
