import { type Clock, deadlinesOf, onAbort } from '@mainstay/core';
import { safeErrorMessage } from './safe-message.js';

export type StepOutcome = 'done' | 'failed' | 'timed-out' | 'skipped';

/** How one part of a shutdown went. */
export interface ShutdownStep {
  readonly name: string;
  readonly outcome: StepOutcome;
  readonly durationMs: number;
  /** What went wrong, on one line, secrets masked. */
  readonly message?: string;
}

/** Waits, unless the signal fires first; either way it resolves. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const deadline = deadlinesOf(clock).add(delayMs, () => {
      stopListening();
      resolve();
    });
    const stopListening = onAbort(signal, () => {
      deadline.cancel();
      resolve();
    });
  });
}

/** Runs one step with a deadline. Never rejects and never waits longer; what comes later is ignored. */
export function runStep(
  name: string,
  work: () => unknown,
  { clock, timeoutMs, signal }: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<ShutdownStep> {
  const startedAt = clock.now();
  return new Promise((resolve) => {
    const end = (outcome: StepOutcome, message?: string): void => {
      deadline.cancel();
      stopListening();
      const durationMs = Math.round(clock.now() - startedAt);
      resolve({ name, outcome, durationMs, ...(message === undefined ? {} : { message }) });
    };
    const deadline = deadlinesOf(clock).add(timeoutMs, () =>
      end('timed-out', `not done after ${timeoutMs} ms`),
    );
    let stopListening = (): void => {};
    stopListening = onAbort(signal, () => end('skipped', 'forced'));
    (async () => work())().then(
      () => end('done'),
      (error: unknown) => end('failed', safeErrorMessage(error)),
    );
  });
}
