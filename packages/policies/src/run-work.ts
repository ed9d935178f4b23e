import { onAbort } from '@mainstay/core';
import type { ExecuteOptions, Work } from './call-context.js';
import { RootScope, type Run, type Scope } from './scope.js';

/** The innermost stage: calls `fn`. Values, foreign thenables and throws all become promises. */
export const runWork: Run = (scope: Scope): Promise<unknown> => {
  // Whatever was waited for on the way here: nothing is called after an abort.
  if (scope.aborted) return Promise.reject(scope.reason);
  const { slot } = scope;
  if (slot === undefined) return call(scope);
  slot.workBegan();
  const ended = (): void => slot.workEnded();
  const running = call(scope);
  running.then(ended, ended);
  return running;
};

function call(scope: Scope): Promise<unknown> {
  try {
    return Promise.resolve(scope.root.work(scope));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Starts one execution. It never throws; it settles at once, and leaves no listener, when the caller's signal is aborted. */
export function start<Result>(
  owner: string,
  run: Run,
  work: Work<Result>,
  options: ExecuteOptions | undefined,
): Promise<Result> {
  if (typeof work !== 'function') return Promise.reject(notAFunction(owner, 'execute', work));
  const priority = options?.priority ?? 'normal';
  const signal = options?.signal;
  if (signal == null) return run(new RootScope(work, undefined, priority)) as Promise<Result>;
  if (typeof signal.addEventListener !== 'function') return Promise.reject(notASignal(owner, signal));
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise<Result>((resolve, reject) => {
    const leave = onAbort(signal, reject);
    run(new RootScope(work, signal, priority)).then(
      (result) => {
        leave();
        resolve(result as Result);
      },
      (error: unknown) => {
        leave();
        reject(error);
      },
    );
  });
}

export function notAFunction(owner: string, method: string, received: unknown): TypeError {
  const shown = received === null ? 'null' : typeof received;
  return new TypeError(`${owner}: ${method} takes a function, received ${shown}`);
}

function notASignal(owner: string, received: unknown): TypeError {
  return new TypeError(`${owner}: signal must be an AbortSignal, received ${typeof received}`);
}
