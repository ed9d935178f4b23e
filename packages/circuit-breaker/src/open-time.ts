/** How long an open circuit stays open. */
export interface OpenTime {
  readonly openMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitterRatio: number;
}

/**
 * @param trips how many times in a row the circuit has opened, from 1
 * @returns milliseconds: `openMs * factor^(trips - 1)`, at most `maxMs`, and up to `jitterRatio` of that less.
 *   Jitter only shortens, so that `openMs` and `maxMs` are promises to those who wait for them.
 */
export function openTimeAfter(
  trips: number,
  { openMs, factor, maxMs, jitterRatio }: OpenTime,
  random: () => number,
): number {
  // factor ** trips may be Infinity after many trips; the cap brings it back.
  const full = Math.min(maxMs, openMs * factor ** (trips - 1));
  return jitterRatio === 0 ? full : full * (1 - jitterRatio * random());
}
