import type { Circuit } from './circuit.js';
import { isFailedError, isFailedResult } from './failure-judge.js';

/** A call has come to a result: the judge says what that means. */
export function resolved(circuit: Circuit, ticket: number, startedAt: number, result: unknown): void {
  const failed = isFailedResult(circuit.settings.judge, result);
  circuit.after(ticket, failed ? 'failure' : 'success', startedAt, undefined);
}

/** An error that is no failure is an answer: the dependency works. */
export function rejected(circuit: Circuit, ticket: number, startedAt: number, error: unknown): void {
  const failed = isFailedError(circuit.settings.judge, error);
  circuit.after(ticket, failed ? 'failure' : 'success', startedAt, error);
}

/** The running call's promise, for its caller: what it comes to has been counted when he gets it. */
export function followed<Result>(
  circuit: Circuit,
  running: Promise<Result>,
  ticket: number,
  startedAt: number,
): Promise<Result> {
  return running.then(
    (result) => {
      resolved(circuit, ticket, startedAt, result);
      return result;
    },
    (error: unknown) => {
      rejected(circuit, ticket, startedAt, error);
      throw error;
    },
  );
}

/**
 * A promise for anything: values, foreign thenables, thenables that call back twice. What nearly every function returns, a
 * plain promise, is recognised here, since asking `Promise.resolve` takes a tenth of the whole call.
 */
export function promiseOf<Result>(value: Result | PromiseLike<Result>): Promise<Result> {
  return value instanceof Promise && value.constructor === Promise ? value : Promise.resolve(value);
}
