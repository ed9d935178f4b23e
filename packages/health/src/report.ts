import type { CheckReport, HealthStatus } from './check.js';

/** What is known of the whole service. Frozen: the same report is handed to everybody who asks within `cacheMs`. */
export interface HealthReport {
  readonly name: string;
  readonly version?: string;
  /** `down` when a critical check is down, `degraded` when any other is not up. */
  readonly status: HealthStatus;
  /** True once the service was told to leave; the status goes on to say how the checks are. */
  readonly shuttingDown: boolean;
  readonly checks: Readonly<Record<string, CheckReport>>;
}

/** Whether new work should be sent here. */
export interface Readiness {
  readonly ready: boolean;
  readonly status: HealthStatus;
  /** Why not: absent where `ready` is true. */
  readonly reason?: 'shutting-down' | 'checks-down';
  /** The critical checks that are down. */
  readonly down: readonly string[];
}

/** Whether this process should go on. It never depends on another system. */
export interface Liveness {
  readonly live: boolean;
  readonly uptimeMs: number;
}

/** A flat snapshot for metrics. A check appears after its first run. */
export interface HealthStats {
  readonly status: HealthStatus;
  readonly checks: Readonly<Record<string, CheckStats>>;
  readonly shuttingDown: boolean;
}

export interface CheckStats {
  readonly status: HealthStatus;
  /** Runs that failed or ran out of time, for the life of the check. */
  readonly failures: number;
  readonly runs: number;
  readonly durationMs: number;
  readonly lastRunAgoMs: number;
}

/** The worst that the checks say; what is not critical can at most degrade. */
export function overallStatus(
  checks: Iterable<{ readonly status: HealthStatus; readonly critical: boolean }>,
): HealthStatus {
  let status: HealthStatus = 'up';
  for (const check of checks) {
    if (check.status === 'down' && check.critical) return 'down';
    if (check.status !== 'up') status = 'degraded';
  }
  return status;
}

/** Critical checks that are down, by name. */
export function criticalDown(report: HealthReport): string[] {
  return Object.entries(report.checks).flatMap(([name, { status, critical }]) =>
    critical && status === 'down' ? [name] : [],
  );
}
