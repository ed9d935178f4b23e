import type { PoolClient } from 'pg';
import { DOUBLE_RELEASE } from './pg-errors.js';

const refuse = (): never => {
  throw new Error(`${DOUBLE_RELEASE} The pool itself works with it now.`);
};

/**
 * For loans that the pool makes to itself (`query`, `transaction`, …): a late `client.release()` by an earlier holder finds
 * nothing that it could release.
 * @returns releases the loan; never throws, since nobody could catch it
 */
export function ownLoan(client: PoolClient): PoolClient['release'] {
  const { release } = client;
  client.release = refuse;
  return (error) => {
    try {
      release(error);
    } catch {
      // An earlier holder's late release came between the loan and this: the connection is back already.
    }
  };
}
