import { hasErrorCode, MainstayError, withoutStack } from '@mainstay/core';

/** As pg.Pool says it. */
export const DOUBLE_RELEASE = 'Release called on client which has already been released to the pool.';

const phrases: Record<string, string> = {
  ERR_POOL_ACQUIRE_TIMEOUT: 'timeout exceeded when trying to connect',
  ERR_POOL_OVERLOADED: 'timeout exceeded when trying to connect',
  ERR_POOL_CREATE_TIMEOUT: 'Connection terminated due to connection timeout',
  ERR_POOL_CLOSED: 'Cannot use a pool after calling end on the pool',
};

/** Puts the sentence first that pg.Pool says in this case, since people's code looks for it. Other errors stay as they are. */
export function inWordsOfPg(error: unknown): unknown {
  if (!(error instanceof MainstayError)) return error;
  const phrase = phrases[error.code];
  // Several callers may share the error.
  if (phrase === undefined || error.message.startsWith(phrase)) return error;
  error.message = `${phrase}: ${error.message}`;
  return error;
}

/** The sentence and nothing else, for code that compares it; the rest is in `diagnosis`. */
export function inPgsOwnWords(error: unknown): unknown {
  const phrase = error instanceof MainstayError ? phrases[error.code] : undefined;
  if (phrase !== undefined) (error as MainstayError).message = phrase;
  return error;
}

/** COMMIT ended in a rollback, because a statement in the transaction had failed and its error was not passed on. */
export class TransactionRolledBackError extends MainstayError {
  static {
    Object.defineProperty(TransactionRolledBackError.prototype, 'name', {
      value: 'TransactionRolledBackError',
    });
  }
  declare readonly code: 'ERR_TRANSACTION_ROLLED_BACK';

  constructor(options?: { cause?: unknown }) {
    super(
      'ERR_TRANSACTION_ROLLED_BACK',
      'The server answered COMMIT with ROLLBACK: a statement in the transaction failed and its error was swallowed',
      options,
    );
  }
}

export const isTransactionRolledBackError = (error: unknown): error is TransactionRolledBackError =>
  hasErrorCode(error, 'ERR_TRANSACTION_ROLLED_BACK');

/** For one that was to be a savepoint of a transaction and has not begun when that one ends. */
export const transactionEnded = (): MainstayError =>
  new MainstayError('ERR_TRANSACTION_ENDED', 'The transaction around this one ended before it could begin');

/** For a statement by a client that was kept beyond its transaction. */
export const transactionOver = (): MainstayError =>
  new MainstayError('ERR_TRANSACTION_ENDED', 'The transaction of this client has ended');

/** COMMIT or ROLLBACK was among the function's own statements: what came after it was in no transaction. */
export const transactionEndedInside = (): MainstayError =>
  new MainstayError(
    'ERR_TRANSACTION_ENDED',
    'The function has ended its transaction by a statement of its own',
  );

/** A statement had no answer within `queryTimeoutMs`: it was cancelled on the server. The message begins as pg's own does. */
export class QueryTimeoutError extends MainstayError {
  static {
    Object.defineProperty(QueryTimeoutError.prototype, 'name', { value: 'QueryTimeoutError' });
  }
  declare readonly code: 'ERR_QUERY_TIMEOUT';

  constructor(timeoutMs: number) {
    super(
      'ERR_QUERY_TIMEOUT',
      `Query read timeout: no answer within ${timeoutMs} ms, the statement was cancelled`,
    );
  }
}

export const isQueryTimeoutError = (error: unknown): error is QueryTimeoutError =>
  hasErrorCode(error, 'ERR_QUERY_TIMEOUT');

/** Its stack would show a timer; whoever passes it on captures the caller's. */
export const queryTimeoutError = (timeoutMs: number): QueryTimeoutError =>
  withoutStack(() => new QueryTimeoutError(timeoutMs));
