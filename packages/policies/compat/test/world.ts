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
