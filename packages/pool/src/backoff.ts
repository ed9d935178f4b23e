/** The first pause after a failed creation. */
const FIRST_MS = 50;
/** The longest pause while callers wait: whoever comes back is found within a second, and 20 callers cost two dials a second. */
const LONGEST_MS = 800;
/** The longest pause while nobody waits and only `min` is to be refilled. */
const LONGEST_UNATTENDED_MS = 30_000;

/**
 * Doubles from 50 ms, half of it random, so that the processes of a fleet do not come back in step.
 * @param failures failed creations in a row, 1 or more
 * @param random 0..1
 */
export function backoffMs(failures: number, attended: boolean, random: number): number {
  const longest = attended ? LONGEST_MS : LONGEST_UNATTENDED_MS;
  return Math.min(longest, FIRST_MS * 2 ** Math.min(failures - 1, 20)) * (0.5 + random / 2);
}
