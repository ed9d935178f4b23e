// Pools over resources that cost nothing, so that what is measured is the pool.
import { EventEmitter } from 'node:events';
import { Pool } from '@mainstay/pool';
import { PgPool } from '@mainstay/pool/pg';
import { createPool } from 'generic-pool';
import PeerPgPool from 'pg-pool';
import { Pool as TarnPool } from 'tarn';

/** What a pg pool asks of a client, answered at once; the fields are those of pg 8.23. */
class FakeClient extends EventEmitter {
  _queryable = true;
  _ending = false;
  _activeQuery = null;
  _queryQueue = [];
  _sentQueryQueue = [];
  _txStatus = 'I';
  readyForQuery = true;
  connect(callback: () => void): void {
    setImmediate(callback);
  }
  end(callback?: () => void): Promise<void> {
    this._ending = true;
    if (callback) setImmediate(callback);
    return Promise.resolve();
  }
  getTransactionStatus(): string {
    return this._txStatus;
  }
  query(_text: unknown, callback: () => void): void {
    setImmediate(callback);
  }
}

/** One loan: acquire, and give back what was acquired. */
export type Loan = () => Promise<void>;

/** What any pool behind a promise costs at least: a stack of resources and one await. */
export function arrayStack(max: number): Loan {
  const stack = Array.from({ length: max }, () => ({}));
  const acquire = async (): Promise<object> => stack.pop() as object;
  return async () => {
    const resource = await acquire();
    stack.push(resource);
  };
}

export function mainstay(max: number): Loan {
  const pool = new Pool({ name: 'bench', create: () => ({}), max, maxQueued: 1_000_000 });
  return async () => {
    const lease = await pool.acquire();
    lease.release();
  };
}

type PgLike = { connect(): Promise<{ release(): void }> };

function pgLike(pool: PgLike): Loan {
  return async () => {
    const client = await pool.connect();
    client.release();
  };
}

export const mainstayPg = (max: number): Loan =>
  pgLike(new PgPool({ Client: FakeClient as never, max, maxQueued: 1_000_000 }));

export const pgPool = (max: number, connectionTimeoutMillis = 0): Loan =>
  pgLike(new PeerPgPool({ max, connectionTimeoutMillis }, FakeClient as never) as unknown as PgLike);

export function genericPool(max: number, acquireTimeoutMillis?: number): Loan {
  const timeout = acquireTimeoutMillis === undefined ? {} : { acquireTimeoutMillis };
  const pool = createPool({ create: async () => ({}), destroy: async () => {} }, { max, ...timeout });
  return async () => {
    const resource = await pool.acquire();
    await pool.release(resource);
  };
}

export function tarn(max: number): Loan {
  const pool = new TarnPool({ create: async () => ({}), destroy: () => {}, min: 0, max });
  return async () => {
    const resource = await pool.acquire().promise;
    pool.release(resource);
  };
}
