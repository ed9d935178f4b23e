import type { PoolClient } from 'pg';
import type { PoolStats } from '../counters.js';
import { onBehalfOf } from '../holding.js';
import { ownLoan } from './own-loan.js';

/** The face of tarn's pool, as far as Knex looks at it. */
export interface TarnPool {
  acquire(): { promise: Promise<PoolClient> };
  /** False: it is not the holder's to give back. */
  release(client: PoolClient): boolean;
  /** Nothing is closed: the pool belongs to whoever made it. */
  destroy(): Promise<void>;
  numFree(): number;
  numUsed(): number;
  numPendingAcquires(): number;
  numPendingCreates(): number;
}

/** What Knex writes on connections: a name for its log, and whether it wants them closed. */
type Marked = PoolClient & { __knexUid?: string; __knex__disposed?: unknown };

let names = 0;

/** For Knex 3.3's `connectionPool`: its tarn gives way to this pool. */
export function toTarn(pool: { connect(): Promise<PoolClient>; stats(): PoolStats }): TarnPool {
  const releases = new WeakMap<PoolClient, PoolClient['release']>();
  const acquire = async (entrance: TarnPool['acquire']): Promise<PoolClient> => {
    const client: Marked = await onBehalfOf(entrance, () => pool.connect());
    if (client.__knexUid === undefined) {
      names += 1;
      client.__knexUid = `mainstay${names}`;
    }
    releases.set(client, ownLoan(client));
    return client;
  };
  const tarn: TarnPool = {
    acquire: () => ({ promise: acquire(tarn.acquire) }),
    release(client) {
      const release = releases.get(client);
      if (release === undefined) return false;
      releases.delete(client);
      release(Boolean((client as Marked).__knex__disposed));
      return true;
    },
    destroy: async () => {},
    numFree: () => pool.stats().idle,
    numUsed: () => pool.stats().inUse,
    numPendingAcquires: () => pool.stats().waiting,
    numPendingCreates: () => pool.stats().connecting,
  };
  return tarn;
}
