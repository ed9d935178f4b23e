const reported = new WeakSet<object>();

/**
 * Asks a user's function for a decision. What it throws must not take the place of the result or error that it was asked about:
 * it becomes a process warning (`MAINSTAY_CALLBACK`), once a function, and the decision is `otherwise`.
 * @param what the function is, for the warning: 'shouldRetry'
 */
export function ask<Answer, Parameters extends unknown[]>(
  what: string,
  callback: (...parameters: Parameters) => Answer,
  otherwise: Answer,
  ...parameters: Parameters
): Answer {
  try {
    return callback(...parameters);
  } catch (error) {
    warnOnce(callback, `${what} threw; the default was used instead`, error);
    return otherwise;
  }
}

/**
 * As `ask`, for a yes or no. A promise is neither, and would always be a yes: it becomes a warning, and the decision is `otherwise`.
 */
export function decide<Parameters extends unknown[]>(
  what: string,
  callback: (...parameters: Parameters) => boolean,
  otherwise: boolean,
  ...parameters: Parameters
): boolean {
  const answer: unknown = ask(what, callback, otherwise, ...parameters);
  if (!isThenable(answer)) return Boolean(answer);
  answer.then(undefined, () => {});
  warnOnce(callback, `${what} returned a promise, must return true or false; the default was used instead`);
  return otherwise;
}

function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return (
    typeof answer === 'object' && answer !== null && typeof (answer as { then?: unknown }).then === 'function'
  );
}

export function warnOnce(about: object, message: string, error?: unknown): void {
  if (reported.has(about)) return;
  reported.add(about);
  const detail = error instanceof Error ? String(error.stack) : undefined;
  process.emitWarning(message, {
    type: 'MainstayWarning',
    code: 'MAINSTAY_CALLBACK',
    ...(detail === undefined ? {} : { detail }),
  });
}
