import { hasErrorCode, MainstayError } from '@mainstay/core';
import type { CircuitState } from './types.js';

const CODE = 'ERR_CIRCUIT_OPEN';

/** The call was not made, because the circuit is not closed. Without a stack trace: there may be thousands a second. */
export class CircuitOpenError extends MainstayError {
  static {
    Object.defineProperty(CircuitOpenError.prototype, 'name', {
      value: 'CircuitOpenError',
      configurable: true,
      writable: true,
    });
  }

  declare readonly code: typeof CODE;
  /** The name of the breaker (`name` is the error's own, as with every error). */
  readonly breakerName: string;
  readonly state: CircuitState;
  /** How long to wait before it is worth asking again, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(breakerName: string, state: CircuitState, retryAfterMs: number) {
    super(CODE, `Circuit "${breakerName}" is ${state}`);
    this.breakerName = breakerName;
    this.state = state;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Recognises the error, whichever copy of this package it comes from. */
export function isCircuitOpenError(error: unknown): error is CircuitOpenError {
  return hasErrorCode(error, CODE);
}
