import { option, readOptions } from '@mainstay/core';

export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

/** Weakest first. */
const isolations: readonly Isolation[] = ['read committed', 'repeatable read', 'serializable'];

export interface TransactionOptions {
  /** Default: that of the server, usually read committed. Inside of another transaction: not stronger than its own. */
  isolation?: Isolation | undefined;
  /** Default false. Inside of another transaction it must be that of the outer one. */
  readOnly?: boolean | undefined;
  /**
   * How often the function runs again after a serialization failure or a deadlock (40001, 40P01), in a new transaction after
   * a short random pause. Default 2. What it does besides the database happens again, too. Inside of another transaction
   * there are none: the outermost one is tried again as a whole, by its own number.
   */
  retries?: number | undefined;
  /**
   * Stops waiting, and, until COMMIT is sent, the transaction: the statement under way is cancelled on the server, the
   * promise rejects with the reason at once, and the connection is rolled back and kept, unless the function goes on for
   * longer than half a second. From COMMIT on its outcome counts.
   */
  signal?: AbortSignal | undefined;
}

export interface TransactionSettings {
  readonly isolation: Isolation | undefined;
  readonly readOnly: boolean;
  readonly retries: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws TypeError, RangeError */
export function readTransactionOptions(received: TransactionOptions): TransactionSettings {
  const checked = readOptions('PgPool.transaction', received, {
    isolation: option.oneOf(isolations, { optional: true }),
    readOnly: option.boolean({ default: false }),
    retries: option.integer({ min: 0, max: 100, default: 2 }),
    signal: option.instance<AbortSignal>({
      optional: true,
      methods: ['addEventListener'],
      expected: 'an AbortSignal',
    }),
  });
  return checked as TransactionSettings;
}

/** What the outer transaction is cannot be changed from inside. @throws TypeError */
export function checkNesting(inner: TransactionSettings, outer: TransactionSettings): void {
  const { isolation = 'read committed' } = outer;
  if (inner.isolation !== undefined && isolations.indexOf(inner.isolation) > isolations.indexOf(isolation)) {
    throw new TypeError(
      `PgPool.transaction: option "isolation" must be at most "${isolation}", that of the transaction around it, received "${inner.isolation}"`,
    );
  }
  if (inner.readOnly && !outer.readOnly) {
    throw new TypeError(
      'PgPool.transaction: option "readOnly" cannot be true inside of a transaction that writes',
    );
  }
}
