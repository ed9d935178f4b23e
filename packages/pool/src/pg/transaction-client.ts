import { transactionOver } from './pg-errors.js';
import type { PgClient } from './statement.js';

/** A transaction's client, as its function is given it: nothing can be sent by it once the transaction has ended. */
export interface TransactionClient {
  readonly client: PgClient;
  end(): void;
}

function refuse(...all: unknown[]): unknown {
  const callback = all.find((argument) => typeof argument === 'function');
  if (callback === undefined) return Promise.reject(transactionOver());
  process.nextTick(callback as (error: Error) => void, transactionOver());
  return undefined;
}

/**
 * The client of a connection is the same object for all its holders, since libraries keep maps by it. Who calls `transaction`
 * has no such need: his is a proxy of his own, so that work he has forgotten to await does not end up in the next holder's hands.
 */
export function transactionClient(target: PgClient): TransactionClient {
  let over = false;
  const bound = new Map<PropertyKey, unknown>();
  const client = new Proxy(target, {
    get(_, key) {
      if (over && key === 'query') return refuse;
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function' || key === 'constructor') return value;
      // Methods of pg write to `this`: it has to be the client itself.
      if (!bound.has(key))
        bound.set(key, (...all: unknown[]) =>
          Reflect.apply(Reflect.get(target, key) as () => unknown, target, all),
        );
      return bound.get(key);
    },
  });
  return {
    client,
    end: () => {
      over = true;
    },
  };
}
