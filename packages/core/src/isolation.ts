// Other people's callbacks: what they throw must change nothing here, and must not pass in silence either.

/** A callback that fails at every call would otherwise write to stderr at the rate of the traffic. */
const WARNINGS_A_SECOND = 20;

let second = 0;
let written = 0;
let unwritten = 0;

function report(error: unknown, code: string, what: string): void {
  const current = Math.floor(performance.now() / 1_000);
  if (current !== second) {
    second = current;
    written = 0;
  }
  if (written >= WARNINGS_A_SECOND) {
    unwritten += 1;
    return;
  }
  written += 1;
  const more = unwritten === 0 ? '' : ` (and ${unwritten} like it were not written)`;
  unwritten = 0;
  const { message, detail } = describeThrown(error);
  process.emitWarning(`${what} threw: ${message}${more}`, { type: 'MainstayWarning', code, detail });
}

/** Whatever was thrown may be hostile: reading it must not throw again. */
function describeThrown(error: unknown): { message: string; detail?: string } {
  try {
    if (error instanceof Error) return { message: String(error.message), detail: String(error.stack) };
    return { message: String(error) };
  } catch {
    return { message: 'a value that cannot be printed' };
  }
}

/**
 * Calls back and reports what is thrown, or what a returned promise rejects with, as a process warning.
 * @param code of the warning
 * @param what did throw, for its message: 'a listener of "open"'
 */
export function callIsolated<Value>(
  callback: (value: Value) => unknown,
  value: Value,
  code: string,
  what: (() => string) | string,
): void {
  const name = (): string => (typeof what === 'string' ? what : what());
  try {
    const result = callback(value);
    if (
      result !== undefined &&
      result !== null &&
      typeof (result as PromiseLike<unknown>).then === 'function'
    ) {
      (result as PromiseLike<unknown>).then(undefined, (error: unknown) => report(error, code, name()));
    }
  } catch (error) {
    report(error, code, name());
  }
}
