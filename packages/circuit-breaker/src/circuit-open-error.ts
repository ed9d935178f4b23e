import { hasErrorCode, MainstayError } from '@mainstay/core';
import type { CircuitState } from './types.js';

const CODE = 'ERR_CIRCUIT_OPEN';

let lastName = '';
let lastState: CircuitState | undefined;
let lastMessage = '';

/** Kept for the next error, which is most likely of the same circuit: joining the text is a third of what a rejection allocates. */
function messageOf(breakerName: string, state: CircuitState): string {
  if (breakerName !== lastName || state !== lastState) {
    lastName = breakerName;
    lastState = state;
    lastMessage = `Circuit "${breakerName}" is ${state}`;
  }
  return lastMessage;
}

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
    super(CODE, messageOf(breakerName, state));
    this.breakerName = breakerName;
    this.state = state;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The error without its stack trace. As `withoutStack` of core, but for the closure that one would need: it is another third of
 * what a rejection allocates, and what is allocated makes the difference on a busy machine, where collections are dear.
 */
export function circuitOpenError(
  breakerName: string,
  state: CircuitState,
  retryAfterMs: number,
): CircuitOpenError {
  const limit = Error.stackTraceLimit;
  setStackTraceLimit(0);
  try {
    return new CircuitOpenError(breakerName, state, retryAfterMs);
  } finally {
    setStackTraceLimit(limit);
  }
}

function setStackTraceLimit(limit: number): void {
  try {
    Error.stackTraceLimit = limit;
  } catch {
    // Frozen (`--frozen-intrinsics`): then it has its trace.
  }
}

/** Recognises the error, whichever copy of this package it comes from. */
export function isCircuitOpenError(error: unknown): error is CircuitOpenError {
  return hasErrorCode(error, CODE);
}
