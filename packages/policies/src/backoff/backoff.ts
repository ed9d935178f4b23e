/**
 * How long to wait before the next attempt.
 * @param attempt how many attempts have failed, 1 or more
 * @param previousMs the wait before that attempt, 0 for the first
 * @returns milliseconds, zero or more
 */
export type Backoff = (attempt: number, previousMs: number) => number;

export interface BackoffRange {
  /** The shortest wait, and what the first one grows from (default 100). */
  baseMs?: number | undefined;
  /** The longest wait (default 10,000). */
  maxMs?: number | undefined;
}

/** Where chance comes from: 0 up to but not including 1, as `Math.random`. */
export type Random = () => number;
