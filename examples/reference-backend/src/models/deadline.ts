// A time limit around something that honours an AbortSignal.
import { type Clock, deadlinesOf, onAbort } from '@mainstay/core';

/** Runs `work` with a signal that aborts with the caller's, or with `timeoutError()` after `timeoutMs`. */
export async function withTimeLimit<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  options: { timeoutMs: number; timeoutError: () => Error; signal: AbortSignal; clock: Clock },
): Promise<Result> {
  const controller = new AbortController();
  const stopListening = onAbort(options.signal, (reason) => controller.abort(reason));
  const deadline = deadlinesOf(options.clock).add(options.timeoutMs, () =>
    controller.abort(options.timeoutError()),
  );
  try {
    return await work(controller.signal);
  } finally {
    deadline.cancel();
    stopListening();
  }
}
