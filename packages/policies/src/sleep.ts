import type { DeadlineQueue } from '@mainstay/core';
import type { Scope } from './scope.js';

/** Waits, and keeps the process alive for it; rejects with the scope's reason as soon as it is aborted. */
export function sleep(delayMs: number, scope: Scope, deadlines: DeadlineQueue): Promise<void> {
  return new Promise((resolve, reject) => {
    let leave = (): void => {};
    const deadline = deadlines.add(delayMs, () => {
      leave();
      resolve();
    });
    leave = scope.onAbort((reason) => {
      deadline.cancel();
      reject(reason);
    });
  });
}
