import { onAbort } from '@mainstay/core';
import { CallContext } from './call-context.js';
import { promiseOf, rejected, resolved } from './call-end.js';
import type { Circuit } from './circuit.js';

/** Calls `fn`, and answers its caller as soon as the caller's signal is aborted. */
export function callWithSignal<Result>(
  circuit: Circuit,
  fn: (context: CallContext) => Result | PromiseLike<Result>,
  ticket: number,
  signal: AbortSignal,
): Promise<Result> {
  const startedAt = circuit.startTime();
  return new Promise<Result>((resolve, reject) => {
    let running = true;
    const leave = onAbort(signal, (reason) => {
      running = false;
      circuit.after(ticket, 'ignored', startedAt, undefined);
      reject(reason);
    });
    // After an abort the call has been answered already, and what still comes of it is nobody's.
    const failed = (error: unknown): void => {
      if (!running) return;
      leave();
      rejected(circuit, ticket, startedAt, error);
      reject(error);
    };
    const succeeded = (result: Result): void => {
      if (!running) return;
      leave();
      resolved(circuit, ticket, startedAt, result);
      resolve(result);
    };
    try {
      promiseOf(fn(new CallContext(signal))).then(succeeded, failed);
    } catch (error) {
      failed(error);
    }
  });
}
