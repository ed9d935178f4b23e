import { type Clock, Events, monotonicClock, option, readOptions } from '@mainstay/core';
import { BackgroundRuns } from './background-runs.js';
import type { CheckOptions, CheckReport, HealthStatus } from './check.js';
import { CheckRunner } from './check-runner.js';
import { type CheckSettings, checksField, readCheck } from './check-settings.js';
import {
  type CheckStats,
  criticalDown,
  type HealthReport,
  type HealthStats,
  type Liveness,
  overallStatus,
  type Readiness,
} from './report.js';

export interface HealthChecksOptions {
  /** Names the service in reports and metrics. Default `service`. */
  readonly name?: string;
  /** Shown in the full report. */
  readonly version?: string;
  readonly checks?: readonly CheckOptions[];
  readonly clock?: Clock;
}

export interface HealthEvents {
  /** A check changed, after its thresholds. `from` is undefined on its first run. */
  check: {
    readonly name: string;
    readonly from: HealthStatus | undefined;
    readonly to: HealthStatus;
    readonly message: string | undefined;
  };
  /** The service as a whole changed. `from` is undefined at the first result. */
  status: { readonly from: HealthStatus | undefined; readonly to: HealthStatus };
}

type Result = readonly [CheckRunner, CheckReport];

/**
 * Asks the parts of a service whether they work, and answers probes from what it knows.
 *
 * However many ask at once, each check runs once; no check delays a report longer than its `timeoutMs`.
 */
export class HealthChecks {
  readonly kind = 'health';
  readonly name: string;
  readonly version: string | undefined;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #runners = new Map<string, CheckRunner>();
  readonly #backgroundRuns: BackgroundRuns;
  readonly #events = new Events<HealthEvents>();
  #status: HealthStatus | undefined;
  #known: { readonly report: Promise<HealthReport>; readonly until: number } | undefined;
  #collecting: Promise<HealthReport> | undefined;
  /** Counts checks that came or went, and the turn to leaving. */
  #changes = 0;
  #background = false;
  #shuttingDown = false;
  #closed = false;

  /** @throws TypeError or RangeError naming the option that is wrong */
  constructor(options: HealthChecksOptions = {}) {
    const { name, version, checks, clock } = readOptions('HealthChecks', options, {
      name: option.string({ default: 'service', maxLength: 100 }),
      version: option.string({ optional: true, maxLength: 100 }),
      checks: checksField,
      clock: option.instance<Clock>({ default: monotonicClock, methods: ['now', 'coarseNow', 'setTimer'] }),
    });
    this.name = name;
    this.version = version;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#backgroundRuns = new BackgroundRuns(clock);
    for (const check of checks) this.#add(check);
  }

  /**
   * Adds a check. It counts as soon as it has run, so readiness is asked anew.
   * @returns a function that removes it
   * @throws TypeError or RangeError for a wrong option, Error for a name that is taken
   */
  add(check: CheckOptions): () => void {
    const runner = this.#add(readCheck(check));
    if (this.#background) this.#backgroundRuns.start(runner);
    return () => {
      if (this.#runners.get(runner.settings.name) !== runner) return;
      this.#runners.delete(runner.settings.name);
      this.#forget();
      this.#backgroundRuns.stop(runner);
      runner.close();
      this.#noteStatus();
    };
  }

  /** Listens to changes. Returns the function that removes the listener. */
  on<K extends keyof HealthEvents>(event: K, listener: (payload: HealthEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** What is known of all checks, none of it older than its `cacheMs`. Never rejects; takes as long as the slowest `timeoutMs`. */
  report(): Promise<HealthReport> {
    if (this.#known && this.#clock.coarseNow() < this.#known.until) return this.#known.report;
    this.#collecting ??= this.#collect();
    return this.#collecting;
  }

  /** Whether to send work here: no critical check is down, and nobody told us to leave. Never rejects. */
  async ready(): Promise<Readiness> {
    if (this.#shuttingDown) return this.#leaving();
    const report = await this.report();
    if (this.#shuttingDown) return this.#leaving();
    if (report.status !== 'down') return { ready: true, status: report.status, down: [] };
    return { ready: false, status: 'down', reason: 'checks-down', down: criticalDown(report) };
  }

  /** Whether this process should go on. Asks nothing and nobody: another system's outage is no reason to be restarted. */
  live(): Liveness {
    return { live: true, uptimeMs: this.#clock.now() - this.#startedAt };
  }

  /** Turns readiness red for good. Liveness and the checks go on. `GracefulShutdown` calls it first of all. */
  markShuttingDown(): void {
    this.#shuttingDown = true;
    this.#forget();
  }

  /** Runs every check now and then again every `intervalMs`, so that probes are answered at once. Keeps no process alive. */
  start(): this {
    if (this.#background || this.#closed) return this;
    this.#background = true;
    for (const runner of this.#runners.values()) this.#backgroundRuns.start(runner);
    return this;
  }

  /** Ends background runs and aborts what is running. Reports go on to give the last that was known. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#background = false;
    for (const runner of this.#runners.values()) {
      this.#backgroundRuns.stop(runner);
      runner.close();
    }
    this.#forget();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A snapshot that asks nothing: cheap enough for every scrape. */
  stats(): HealthStats {
    const now = this.#clock.now();
    const checks: [string, CheckStats][] = [];
    for (const [name, runner] of this.#runners) {
      const stats = runner.stats(now);
      if (stats) checks.push([name, stats]);
    }
    return {
      status: this.#status ?? 'up',
      checks: Object.fromEntries(checks),
      shuttingDown: this.#shuttingDown,
    };
  }

  #add(settings: CheckSettings): CheckRunner {
    const { name } = settings;
    if (this.#closed) throw new Error(`HealthChecks: cannot add the check "${name}" after close()`);
    if (this.#runners.has(name)) throw new Error(`HealthChecks: there is already a check named "${name}"`);
    const runner = new CheckRunner(settings, this.#clock, this.#onResult);
    this.#runners.set(name, runner);
    this.#forget();
    return runner;
  }

  /** What was put together before a change no longer holds. */
  #forget(): void {
    this.#changes += 1;
    this.#known = undefined;
    this.#collecting = undefined;
  }

  async #collect(): Promise<HealthReport> {
    const changes = this.#changes;
    const now = this.#clock.now();
    const runners = [...this.#runners.values()];
    const results = await Promise.all(
      runners.map(async (runner): Promise<Result> => {
        const fresh = now < this.#freshUntil(runner) ? runner.report : undefined;
        return [runner, fresh ?? (await runner.run(true))];
      }),
    );
    const report = this.#compose(results);
    // A check that came or went meanwhile made this report one of the past; it is nobody's but those who asked for it.
    if (changes === this.#changes) {
      this.#collecting = undefined;
      this.#remember(report, results);
    }
    return report;
  }

  #compose(results: readonly Result[]): HealthReport {
    const checks = results.map(([{ settings }, result]) => [settings.name, result] as const);
    return Object.freeze({
      name: this.name,
      ...(this.version === undefined ? {} : { version: this.version }),
      status: overallStatus(results.map(([, result]) => result)),
      shuttingDown: this.#shuttingDown,
      checks: Object.freeze(Object.fromEntries(checks)),
    });
  }

  #remember(report: HealthReport, results: readonly Result[]): void {
    const until = Math.min(...results.map(([runner]) => this.#freshUntil(runner)));
    const isLatest = results.every(([runner, result]) => runner.report === result);
    if (isLatest && until > this.#clock.now()) this.#known = { report: Promise.resolve(report), until };
  }

  #freshUntil(runner: CheckRunner): number {
    if (this.#closed) return Number.POSITIVE_INFINITY;
    const { cacheMs, intervalMs, timeoutMs } = runner.settings;
    // A background result is good until two runs in a row should have come and did not: then the probe asks itself.
    const maxAgeMs = this.#background ? Math.max(cacheMs, 2 * intervalMs + timeoutMs) : cacheMs;
    return runner.finishedAt + maxAgeMs;
  }

  async #leaving(): Promise<Readiness> {
    return { ready: false, status: this.#status ?? 'up', reason: 'shutting-down', down: [] };
  }

  readonly #onResult = (runner: CheckRunner, from: HealthStatus | undefined): void => {
    const { name } = runner.settings;
    if (this.#runners.get(name) !== runner || !runner.report) return;
    this.#known = undefined;
    const { status: to, message } = runner.report;
    if (from === to) return;
    if (this.#events.has('check')) this.#events.emit('check', { name, from, to, message });
    this.#noteStatus();
  };

  #noteStatus(): void {
    const reports = [...this.#runners.values()].flatMap(({ report }) => (report ? [report] : []));
    const from = this.#status;
    const to = overallStatus(reports);
    this.#status = to;
    if (from !== to && this.#events.has('status')) this.#events.emit('status', { from, to });
  }
}
