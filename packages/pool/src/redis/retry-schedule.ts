/** When to try again. */
export interface RetrySettings {
  /** Tries after the first failure until the server is marked down. Default 5. */
  readonly tries: number;
  /** The first pause; each is twice as long as the one before. Default 2,000. */
  readonly firstMs: number;
  /** The longest of these pauses. Default 10,000. */
  readonly longestMs: number;
  /** The pause once the server is marked down. Default 30,000. */
  readonly downMs: number;
  /** Stops trying when the server would be marked down. Default false. */
  readonly giveUp: boolean;
}

/** Part of a pause that is taken off at random, so that a fleet does not come back in step. */
const JITTER_RATIO = 0.2;

/**
 * The pause before a try: with the defaults 2, 4, 8, 10 and 10 s, then 30 s again and again, each less up to a fifth.
 * @param failures failed tries in a row, 1 or more
 * @param random 0..1
 */
export function pauseMs(settings: RetrySettings, failures: number, random: number): number {
  const { tries, firstMs, longestMs, downMs } = settings;
  const full = failures > tries ? downMs : Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return full * (1 - JITTER_RATIO * random);
}
