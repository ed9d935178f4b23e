import { hasErrorCode, MainstayError } from '@mainstay/core';

const CODE = 'ERR_FALLBACK_FAILED';

/** The call failed, and so did all of its fallbacks. */
export class FallbackError extends MainstayError {
  static {
    Object.defineProperty(FallbackError.prototype, 'name', {
      value: 'FallbackError',
      configurable: true,
      writable: true,
    });
  }

  declare readonly code: typeof CODE;
  /** The call's own error, which is also the `cause`, then those of the fallbacks in their order. */
  readonly errors: readonly unknown[];

  constructor(policyName: string, errors: readonly unknown[]) {
    const last = errors.at(-1);
    const why = last instanceof Error ? last.message : String(last);
    super(CODE, `The call and ${errors.length - 1} of "${policyName}" failed, at last: ${why}`, {
      cause: errors[0],
    });
    this.errors = errors;
  }
}

/** Recognises the error, whichever copy of this package it comes from. */
export function isFallbackError(error: unknown): error is FallbackError {
  return hasErrorCode(error, CODE);
}
