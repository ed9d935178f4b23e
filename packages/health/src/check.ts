/** How well something works: `degraded` still serves, `down` does not. */
export type HealthStatus = 'up' | 'degraded' | 'down';

/** What a check may say beside "it works". Everything but `status` and `message` is kept as detail. */
export interface CheckResult {
  /** Default `up`. A check that cannot do its work may throw instead of returning `down`. */
  readonly status?: HealthStatus;
  /** One line for a person; shown only where details are exposed. */
  readonly message?: string;
  readonly [detail: string]: unknown;
}

export interface CheckContext {
  /** Aborted when the check's time is up, or when the checks are closed. Pass it on to what you call. */
  readonly signal: AbortSignal;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a check that returns nothing is a check that passed.
export type CheckOutcome = CheckResult | void | undefined;

/** One thing that is asked whether it works. */
export interface CheckOptions {
  /** Unique among the checks, at most 100 characters. */
  readonly name: string;
  /** Returning (or resolving) means up, throwing (or rejecting) means down. */
  readonly run: (context: CheckContext) => CheckOutcome | Promise<CheckOutcome>;
  /** Whether the service is down when this is down; otherwise it is degraded. Default true. */
  readonly critical?: boolean;
  /** A run that takes longer counts as down. Milliseconds, default 1000. */
  readonly timeoutMs?: number;
  /** A result younger than this is given again without a run. Milliseconds, default 1000; 0 runs every time. */
  readonly cacheMs?: number;
  /** Time between two runs after `start()`, spread by 10 % either way. Milliseconds, default 10000. */
  readonly intervalMs?: number;
  /** Failed runs in a row until the check is down. The very first run counts at once. Default 1. */
  readonly failureThreshold?: number;
  /** Successful runs in a row until a check that is down is up again. Default 1. */
  readonly successThreshold?: number;
}

/** What is known of one check. */
export interface CheckReport {
  /** After the thresholds: it can still be `up` while `consecutiveFailures` counts. */
  readonly status: HealthStatus;
  readonly critical: boolean;
  /** What the last run said, on one line, secrets masked. */
  readonly message?: string;
  /** What the last run returned beside status and message, bounded and safe to serialise. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly consecutiveFailures: number;
  /** How long the last run took, in milliseconds. */
  readonly durationMs: number;
  /** When the last run ended: ISO 8601, by the wall clock. */
  readonly checkedAt: string;
}
