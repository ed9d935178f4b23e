/** Judges how a call ended. */
export interface FailureJudge {
  readonly error: ((error: unknown) => boolean) | undefined;
  readonly result: ((result: unknown) => boolean) | undefined;
}

const reported = new WeakSet<object>();

/** Every error is a failure unless the user says otherwise; where asking throws, it stays one. */
export function isFailedError({ error: judge }: FailureJudge, error: unknown): boolean {
  return judge === undefined || ask(judge, error, true);
}

/** No result is a failure unless the user says so; where asking throws, it stays none. */
export function isFailedResult({ result: judge }: FailureJudge, result: unknown): boolean {
  return judge !== undefined && ask(judge, result, false);
}

function ask(judge: (value: unknown) => boolean, value: unknown, otherwise: boolean): boolean {
  try {
    return Boolean(judge(value));
  } catch (error) {
    report(judge, error);
    return otherwise;
  }
}

/** Once a function: it may throw at every call. */
function report(judge: object, error: unknown): void {
  if (reported.has(judge)) return;
  reported.add(judge);
  const detail = error instanceof Error ? String(error.stack) : undefined;
  process.emitWarning('isFailure of a circuit breaker threw; the call was judged as if there were none', {
    type: 'MainstayWarning',
    code: 'MAINSTAY_IS_FAILURE',
    ...(detail === undefined ? {} : { detail }),
  });
}
