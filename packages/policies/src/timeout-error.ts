import { hasErrorCode, MainstayError } from '@mainstay/core';

const CODE = 'ERR_TIMEOUT';

/** There was no answer within the time. Also the reason of the signal of the work that was given up. Without a stack trace. */
export class TimeoutError extends MainstayError {
  static {
    Object.defineProperty(TimeoutError.prototype, 'name', {
      value: 'TimeoutError',
      configurable: true,
      writable: true,
    });
  }

  declare readonly code: typeof CODE;
  /** The name of the timeout that was reached. */
  readonly policyName: string;
  readonly timeoutMs: number;

  constructor(policyName: string, timeoutMs: number) {
    super(CODE, `No answer within ${timeoutMs} ms ("${policyName}")`);
    this.policyName = policyName;
    this.timeoutMs = timeoutMs;
  }
}

/** Recognises the error, whichever copy of this package it comes from. */
export function isTimeoutError(error: unknown): error is TimeoutError {
  return hasErrorCode(error, CODE);
}
