/** How one of several limits stands. */
export interface PolicyState {
  readonly policy: string;
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
  readonly refillMs: number;
}

/** The answer to "may this key do so much now?". With several limits, the numbers are those of the one that binds most. */
export interface Decision {
  readonly allowed: boolean;
  /** The configured limit of a window. */
  readonly limit: number;
  /** Whole units that could be used right now. For `gcra` at most the burst. */
  readonly remaining: number;
  /**
   * Whole milliseconds until the same request can be allowed, if nothing else comes; 0 when it was allowed, Infinity when its cost can
   * never fit.
   */
  readonly retryAfterMs: number;
  /** Whole milliseconds until everything is there again, if nothing else comes. */
  readonly resetMs: number;
  /** Whole milliseconds until `remaining` grows; 0 when everything is there. The `t` of the RateLimit field. */
  readonly refillMs: number;
  /** True when the shared store was not asked or did not answer, and `onStoreFailure` decided. */
  readonly degraded: boolean;
  /** Why it was denied: `limit`, or `store` when only the store's absence is the reason. Undefined when it was allowed. */
  readonly reason: 'limit' | 'store' | undefined;
  /** The name of the limit that the numbers are of. */
  readonly policy: string;
  /** With several limits: each of them, in the order of the options. */
  readonly policies: readonly PolicyState[] | undefined;
}

/** What counts against one limit, wherever that was learned. */
export interface Usage {
  readonly used: number;
  readonly resetMs: number;
  readonly refillMs: number;
}
