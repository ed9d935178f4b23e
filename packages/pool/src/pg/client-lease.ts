import type { Entry } from '../entry.js';
import { PoolLease } from '../lease.js';
import type { Checkouts } from './checkouts.js';
import { stateOf } from './client-state.js';
import type { PgClient } from './statement.js';

/**
 * A client for one holder. pg's clients have one `release`, whoever calls it; a lease has its own, and is inert afterwards.
 * While the lease holds the client, `client.release()` throws: it can only be somebody who has released before.
 */
class ClientLease extends PoolLease<PgClient> {
  readonly #entry: Entry<PgClient>;
  readonly #checkouts: Checkouts;

  constructor(entry: Entry<PgClient>, generation: number, checkouts: Checkouts) {
    super(entry, generation);
    this.#entry = entry;
    this.#checkouts = checkouts;
  }

  override release(): boolean {
    return this.#end(undefined);
  }

  override destroy(): boolean {
    return this.#end(true);
  }

  #end(giveUp: true | undefined): boolean {
    if (!this.active) return false;
    this.#checkouts.takeBack(this.#entry, giveUp);
    return true;
  }
}

/** For a client that has just been checked out. */
export function clientLease(client: PgClient, checkouts: Checkouts): ClientLease {
  const entry = stateOf(client)?.entry;
  if (entry === undefined) throw new Error('This client is not of this pool');
  client.release = () => {
    throw new Error('This client belongs to a lease: only the lease can release it.');
  };
  // A drain may have taken it back since.
  return new ClientLease(entry, entry.state === 'leased' ? entry.generation : -1, checkouts);
}
