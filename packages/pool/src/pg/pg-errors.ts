import { hasErrorCode, MainstayError } from '@mainstay/core';

const phrases: Record<string, string> = {
  ERR_POOL_ACQUIRE_TIMEOUT: 'timeout exceeded when trying to connect',
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

/** COMMIT ended in a rollback, because a statement in the transaction had failed and its error was not passed on. */
export class TransactionRolledBackError extends MainstayError {
  static {
    Object.defineProperty(TransactionRolledBackError.prototype, 'name', {
      value: 'TransactionRolledBackError',
    });
  }
  declare readonly code: 'ERR_TRANSACTION_ROLLED_BACK';

  constructor() {
    super(
      'ERR_TRANSACTION_ROLLED_BACK',
      'The server answered COMMIT with ROLLBACK: a statement in the transaction failed and its error was swallowed',
    );
  }
}

export const isTransactionRolledBackError = (error: unknown): error is TransactionRolledBackError =>
  hasErrorCode(error, 'ERR_TRANSACTION_ROLLED_BACK');
