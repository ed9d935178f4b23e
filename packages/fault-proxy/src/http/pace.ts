import { type Clock, deadlinesOf } from '@mainstay/core';
import type { Slowness } from './answer-plan.js';

/** How often a slow answer looks whether its fault is still there. */
const STEP_MS = 20;

/** Waits until the time has come or the fault is gone. */
export async function waitUntil(clock: Clock, timeMs: number, slowness: Slowness): Promise<void> {
  for (;;) {
    const remainingMs = timeMs - clock.now();
    if (remainingMs <= 0 || !slowness.isActive()) return;
    await new Promise<void>((resolve) => {
      deadlinesOf(clock).add(Math.min(remainingMs, STEP_MS), resolve, { keepAlive: false });
    });
  }
}

/** Cuts a buffer into so many pieces at most, of equal size. */
export function piecesOf(bytes: Buffer, pieces: number): Buffer[] {
  const size = Math.max(1, Math.ceil(bytes.length / Math.max(1, pieces)));
  const result: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += size) result.push(bytes.subarray(start, start + size));
  return result;
}

/** A head of this many milliseconds comes in pieces of one step each. */
export function stepsIn(ms: number): number {
  return Math.ceil(ms / STEP_MS);
}
