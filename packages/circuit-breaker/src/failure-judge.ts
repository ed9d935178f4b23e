/** Judges how a call ended. */
export interface FailureJudge {
  readonly error: ((error: unknown) => boolean) | undefined;
  readonly result: ((result: unknown) => boolean) | undefined;
}

const reported = new WeakSet<object>();

/** Every error is a failure unless the user says otherwise; where asking throws or gives a promise, it stays one. */
export function isFailedError({ error: judge }: FailureJudge, error: unknown): boolean {
  return judge === undefined || ask(judge, error, true);
}

/** No result is a failure unless the user says so; where asking throws or gives a promise, it stays none. */
export function isFailedResult({ result: judge }: FailureJudge, result: unknown): boolean {
  return judge !== undefined && ask(judge, result, false);
}

function ask(judge: (value: unknown) => boolean, value: unknown, otherwise: boolean): boolean {
  try {
    const verdict: unknown = judge(value);
    if (!isThenable(verdict)) return Boolean(verdict);
    verdict.then(undefined, () => {});
    report(judge, 'returned a promise, must return true or false');
  } catch (error) {
    report(judge, 'threw', error);
  }
  return otherwise;
}

function isThenable(verdict: unknown): verdict is PromiseLike<unknown> {
  return (
    typeof verdict === 'object' &&
    verdict !== null &&
    typeof (verdict as { then?: unknown }).then === 'function'
  );
}

/** Once a function: it may do so at every call. */
function report(judge: object, did: string, error?: unknown): void {
  if (reported.has(judge)) return;
  reported.add(judge);
  const detail = error instanceof Error ? String(error.stack) : undefined;
  process.emitWarning(`isFailure of a circuit breaker ${did}; the call was judged as if there were none`, {
    type: 'MainstayWarning',
    code: 'MAINSTAY_IS_FAILURE',
    ...(detail === undefined ? {} : { detail }),
  });
}
