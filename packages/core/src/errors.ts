/** What the Mainstay packages throw: an error with a stable `code` that callers can act on. */
export class MainstayError extends Error {
  static {
    // On the prototype, as with the built-in errors, so that it is no enumerable field of every error.
    Object.defineProperty(MainstayError.prototype, 'name', {
      value: 'MainstayError',
      configurable: true,
      writable: true,
    });
  }

  readonly code: string;

  /**
   * @param code upper case, stable across versions: `ERR_CIRCUIT_OPEN`
   * @param options.cause the error that led to this one
   */
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Recognises an error by its code, whichever copy of a package it comes from. Any value may be passed. */
export function hasErrorCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === code;
}

/**
 * Creates an error without a stack trace, for rejections on hot paths where the trace would cost more than the work.
 *
 * Where `Error.stackTraceLimit` cannot be changed (`--frozen-intrinsics`), the error is made all the same, with its trace.
 */
export function withoutStack<E>(create: () => E): E {
  const limit = Error.stackTraceLimit;
  setStackTraceLimit(0);
  try {
    return create();
  } finally {
    setStackTraceLimit(limit);
  }
}

function setStackTraceLimit(limit: number): void {
  try {
    Error.stackTraceLimit = limit;
  } catch {
    // Frozen.
  }
}
