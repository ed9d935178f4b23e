import type { Lease } from '../lease.js';
import { type Checkouts, held } from './checkouts.js';
import type { PgClient } from './statement.js';

/**
 * A client for one holder. pg's clients have one `release`, whoever calls it; a lease has its own, and is inert afterwards.
 * While the lease holds the client, `client.release()` throws: it can only be somebody who has released before.
 */
export class ClientLease implements Lease<PgClient> {
  readonly #lease: Lease<PgClient>;
  readonly #checkouts: Checkouts;

  constructor(lease: Lease<PgClient>, checkouts: Checkouts) {
    this.#lease = lease;
    this.#checkouts = checkouts;
    const client = held(lease);
    client.release = () => {
      throw new Error('This client belongs to a lease: only the lease can release it.');
    };
    checkouts.announceAcquire(client);
  }

  get resource(): PgClient {
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
