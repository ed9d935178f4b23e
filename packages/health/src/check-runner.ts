import { type Clock, type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import type { CheckOutcome, CheckReport, HealthStatus } from './check.js';
import type { CheckSettings } from './check-settings.js';
import { Hysteresis } from './hysteresis.js';
import type { CheckStats } from './report.js';
import { safeDetails } from './safe-details.js';
import { safeErrorMessage } from './safe-message.js';

/** After a timeout a check that ignores its signal is given this many times its timeout before another run starts beside it. */
const patienceFactor = 10;
const longestPatienceMs = 300_000;

interface Flight {
  readonly startedAt: number;
  readonly controller: AbortController;
  readonly result: Promise<CheckReport>;
  readonly resolve: (report: CheckReport) => void;
  deadline: Deadline;
  keepsAlive: boolean;
}

interface Observation {
  readonly status: HealthStatus;
  readonly message?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

export type ResultListener = (runner: CheckRunner, before: HealthStatus | undefined) => void;

/** Runs one check: one run at a time however many ask, never longer than its timeout, late results ignored. */
export class CheckRunner {
  readonly settings: CheckSettings;
  readonly #clock: Clock;
  readonly #deadlines: DeadlineQueue;
  readonly #hysteresis: Hysteresis;
  readonly #onResult: ResultListener;
  #report: CheckReport | undefined;
  #finishedAt = Number.NEGATIVE_INFINITY;
  #flight: Flight | undefined;
  /** Runs that ran out of time and have not come back. */
  #hung = 0;
  #patientUntil = Number.NEGATIVE_INFINITY;
  #runs = 0;
  #failures = 0;
  #closed = false;

  constructor(settings: CheckSettings, clock: Clock, onResult: ResultListener) {
    this.settings = settings;
    this.#clock = clock;
    this.#deadlines = deadlinesOf(clock);
    this.#hysteresis = new Hysteresis(settings.failureThreshold, settings.successThreshold);
    this.#onResult = onResult;
  }

  /** What the last run said; undefined before the first. */
  get report(): CheckReport | undefined {
    return this.#report;
  }

  get finishedAt(): number {
    return this.#finishedAt;
  }

  stats(now: number): CheckStats | undefined {
    if (this.#report === undefined) return undefined;
    return {
      status: this.#report.status,
      failures: this.#failures,
      runs: this.#runs,
      durationMs: this.#report.durationMs,
      lastRunAgoMs: now - this.#finishedAt,
    };
  }

  /**
   * Asks the check, or joins the run that is under way. Never rejects, and settles within the check's timeout.
   * @param awaited whether a caller waits for the answer: housekeeping must not keep a process alive
   */
  run(awaited: boolean): Promise<CheckReport> {
    if (this.#flight) return this.#join(this.#flight, awaited);
    if (this.#closed) return Promise.resolve(this.#report ?? this.#unknown('closed before it was checked'));
    const now = this.#clock.now();
    if (this.#hung > 0 && now < this.#patientUntil) {
      const message = `a run of this check has not come back (${this.#hung} outstanding)`;
      return Promise.resolve(this.#record({ status: 'down', message }, now, now));
    }
    return this.#start(now, awaited);
  }

  /** Aborts the run under way; whoever waits for it gets what was known before. */
  close(): void {
    this.#closed = true;
    const flight = this.#flight;
    if (!flight) return;
    this.#flight = undefined;
    flight.deadline.cancel();
    flight.resolve(this.#report ?? this.#unknown('closed before it was checked'));
    flight.controller.abort(new DOMException('The health checks were closed', 'AbortError'));
  }

  #join(flight: Flight, awaited: boolean): Promise<CheckReport> {
    if (awaited && !flight.keepsAlive) {
      flight.deadline.cancel();
      const remaining = this.settings.timeoutMs - (this.#clock.now() - flight.startedAt);
      flight.deadline = this.#deadlineOf(() => flight, Math.max(0, remaining), true);
      flight.keepsAlive = true;
    }
    return flight.result;
  }

  #start(now: number, awaited: boolean): Promise<CheckReport> {
    let resolve: (report: CheckReport) => void = () => {};
    const result = new Promise<CheckReport>((settle) => {
      resolve = settle;
    });
    const controller = new AbortController();
    const deadline = this.#deadlineOf(() => flight, this.settings.timeoutMs, awaited);
    const flight: Flight = { startedAt: now, controller, result, resolve, deadline, keepsAlive: awaited };
    this.#flight = flight;
    this.#runs += 1;
    invoke(this.settings.run, controller.signal).then(
      (outcome) => this.#settled(flight, () => observe(outcome)),
      (error: unknown) => this.#settled(flight, () => ({ status: 'down', message: safeErrorMessage(error) })),
    );
    return result;
  }

  #deadlineOf(flight: () => Flight, delayMs: number, keepAlive: boolean): Deadline {
    return this.#deadlines.add(delayMs, () => this.#timedOut(flight()), { keepAlive });
  }

  #settled(flight: Flight, observation: () => Observation): void {
    if (this.#flight === flight) {
      flight.deadline.cancel();
      this.#finish(flight, observation());
    } else if (this.#hung > 0 && !this.#closed) {
      // Late: the result is not looked at, but the way is free for the next run.
      this.#hung -= 1;
    }
  }

  #timedOut(flight: Flight): void {
    if (this.#flight !== flight) return;
    const { timeoutMs } = this.settings;
    this.#hung += 1;
    // Doubled for each run that hangs: something that never comes back must neither pin the check down for ever
    // nor leak a run with every probe.
    const patience = Math.min(timeoutMs * patienceFactor * 2 ** (this.#hung - 1), longestPatienceMs);
    this.#patientUntil = this.#clock.now() + patience;
    const message = `timed out after ${timeoutMs} ms`;
    this.#finish(flight, { status: 'down', message });
    flight.controller.abort(
      new DOMException(`Health check "${this.settings.name}" ${message}`, 'TimeoutError'),
    );
  }

  #finish(flight: Flight, observation: Observation): void {
    this.#flight = undefined;
    if (observation.status === 'down') this.#failures += 1;
    flight.resolve(this.#record(observation, flight.startedAt, this.#clock.now()));
  }

  #record({ status, message, details }: Observation, startedAt: number, now: number): CheckReport {
    const before = this.#hysteresis.status;
    const shown = this.#hysteresis.next(status);
    const report: CheckReport = Object.freeze({
      status: shown,
      critical: this.settings.critical,
      ...(message === undefined ? {} : { message }),
      ...(details === undefined ? {} : { details }),
      consecutiveFailures: this.#hysteresis.consecutiveFailures,
      durationMs: Math.round((now - startedAt) * 100) / 100,
      checkedAt: new Date().toISOString(),
    });
    this.#report = report;
    this.#finishedAt = now;
    this.#onResult(this, before);
    return report;
  }

  /** For who asks a check that was closed before its first run. */
  #unknown(message: string): CheckReport {
    return Object.freeze({
      status: 'down',
      critical: this.settings.critical,
      message,
      consecutiveFailures: 0,
      durationMs: 0,
      checkedAt: new Date().toISOString(),
    });
  }
}

/** Async, so that a check that throws at once is the same as one that rejects. */
async function invoke(run: CheckSettings['run'], signal: AbortSignal): Promise<CheckOutcome> {
  return await run({ signal });
}

const statuses: readonly unknown[] = ['up', 'degraded', 'down'] satisfies HealthStatus[];
const isStatus = (value: unknown): value is HealthStatus => statuses.includes(value);

function observe(outcome: CheckOutcome): Observation {
  try {
    const { status, message, ...rest } = safeDetails(outcome) ?? {};
    const details: Record<string, unknown> = rest;
    // A `status` of another meaning, such as the state of a client, is a detail like any other.
    if (status !== undefined && !isStatus(status)) details.status = status;
    if (message !== undefined && typeof message !== 'string') details.message = message;
    return {
      status: isStatus(status) ? status : 'up',
      message: typeof message === 'string' ? message : undefined,
      details: Object.keys(details).length > 0 ? Object.freeze(details) : undefined,
    };
  } catch (error) {
    return { status: 'down', message: `its result could not be read: ${safeErrorMessage(error)}` };
  }
}
