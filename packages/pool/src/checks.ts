import type { DeadlineQueue } from '@mainstay/core';

/** Undefined: the check passed. */
export type CheckOutcome = { error: unknown } | undefined;

/**
 * Waits for what validate or reset returned, for a bounded time.
 * @param answer settled with false or rejected: the check failed
 * @param done called exactly once, never synchronously
 */
export function awaitCheck(
  answer: PromiseLike<unknown>,
  timeoutMs: number,
  deadlines: DeadlineQueue,
  done: (outcome: CheckOutcome) => void,
): void {
  let over = false;
  const settle = (outcome: CheckOutcome): void => {
    if (over) return;
    over = true;
    deadline.cancel();
    done(outcome);
  };
  const deadline = deadlines.add(timeoutMs, () =>
    settle({ error: new Error(`no answer within ${timeoutMs} ms`) }),
  );
  Promise.resolve(answer).then(
    (passed) => settle(passed === false ? { error: undefined } : undefined),
    (error: unknown) => settle({ error }),
  );
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
