import { setImmediate as nextTurn } from 'node:timers';
import { vi } from 'vitest';

/** Time stands still for everybody alike: wall clock, monotonic clock and timers, whichever a library looks at. */
export function stopTime(): void {
  vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z') });
}

/** What waits only for promises runs first, and a reading of the clock that was kept for the running turn is forgotten. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await new Promise<void>((resolve) => nextTurn(resolve));
}

export async function pass(ms: number): Promise<void> {
  await settled();
  vi.advanceTimersByTime(ms);
  await settled();
}

/** Somebody corrects the clock of the machine; no time passes. */
export function moveWallClock(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** What a call has come to by now. */
export async function answerOf(call: Promise<unknown>): Promise<'served' | 'turned away' | 'no answer'> {
  let answer: 'served' | 'turned away' | 'no answer' = 'no answer';
  call.then(
    () => {
      answer = 'served';
    },
    () => {
      answer = 'turned away';
    },
  );
  await settled();
  return answer;
}

export interface Deferred {
  readonly promise: Promise<unknown>;
  resolve(value?: unknown): void;
  reject(error: unknown): void;
}

export function deferred(): Deferred {
  let settle: Pick<Deferred, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<unknown>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as Pick<Deferred, 'resolve' | 'reject'>) };
}
