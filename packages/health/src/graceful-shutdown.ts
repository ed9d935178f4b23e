import type { Clock } from '@mainstay/core';
import { drain, type ServerLike, type ShutdownTarget, shutdownTarget } from './drain.js';
import { readShutdownOptions, type ShutdownSettings } from './shutdown-options.js';
import { pause, runStep, type ShutdownStep } from './shutdown-steps.js';

/** What a shutdown tells on its way, ready for a structured logger. */
export interface ShutdownLogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface GracefulShutdownOptions {
  /** An HTTP/1.1 server of node:http or node:https, or a Fastify instance. Hand it over before it listens. */
  readonly server?: ServerLike;
  /** Told at once, so that readiness is red before anything is closed; closed at the end. */
  readonly health?: { markShuttingDown(): void; close?(): unknown };
  /**
   * How long to go on serving while load balancers notice that readiness is red. Not waited on SIGINT, where a person
   * waits at a terminal. Milliseconds, default 5000.
   */
  readonly preStopDelayMs?: number;
  /** How long requests in flight may take before their sockets are cut. Milliseconds, default 15000. */
  readonly drainTimeoutMs?: number;
  /** How long each thing registered with `onClose` may take. Milliseconds, default 5000. */
  readonly closeTimeoutMs?: number;
  /** What `listen()` listens for. Default SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Called once at the end. Default `process.exit`. */
  readonly exit?: (code: number) => void;
  /** Default: one line each to stderr. */
  readonly log?: (entry: ShutdownLogEntry) => void;
  readonly clock?: Clock;
}

/** How a shutdown went. */
export interface ShutdownReport {
  readonly reason: string;
  /** 0 where everything ended by itself, 1 where something failed or was cut. */
  readonly exitCode: 0 | 1;
  /** A second signal ended it. */
  readonly forced: boolean;
  /** Sockets that were cut with a request in flight, or upgraded and not closed by their owner. */
  readonly connectionsCut: number;
  readonly steps: readonly ShutdownStep[];
  readonly durationMs: number;
}

/** npm and some init programs deliver one Ctrl-C twice, within a moment; a person takes longer. */
const sameSignalMs = 200;

/**
 * Ends a process without losing a request: readiness red, a delay, no new connections, the last replies with
 * `Connection: close`, idle sockets closed, stragglers cut at a deadline, dependencies closed in reverse order, exit.
 * Liveness stays green throughout. A second signal ends everything at once.
 */
export class GracefulShutdown {
  readonly #settings: ShutdownSettings;
  readonly #target: ShutdownTarget | undefined;
  readonly #closers: { readonly name: string; readonly close: () => unknown }[] = [];
  readonly #steps: ShutdownStep[] = [];
  readonly #force = new AbortController();
  #running: Promise<ShutdownReport> | undefined;
  #stopListening: (() => void) | undefined;
  #signalledAt = Number.NEGATIVE_INFINITY;
  #connectionsCut = 0;

  /** @throws TypeError or RangeError naming the option that is wrong */
  constructor(options: GracefulShutdownOptions = {}) {
    this.#settings = readShutdownOptions(options);
    this.#target = options.server === undefined ? undefined : shutdownTarget(options.server);
  }

  /** True from the first signal, or call of `shutdown()`, on. */
  get shuttingDown(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Registers what is to be closed once the server has drained: the last registered is closed first, so register in the order
   * of opening. Each has `closeTimeoutMs`; one that fails does not stop the others.
   * @returns a function that takes it off the list
   */
  onClose(name: string, close: () => unknown): () => void {
    if (typeof name !== 'string' || typeof close !== 'function') {
      throw new TypeError('GracefulShutdown: onClose needs a name and a function');
    }
    const closer = { name, close };
    this.#closers.push(closer);
    return () => {
      const index = this.#closers.indexOf(closer);
      if (index !== -1) this.#closers.splice(index, 1);
    };
  }

  /**
   * Shuts down on the first signal, and at once on a second.
   * @returns a function that removes the handlers; they also go when the shutdown is done
   */
  listen(): () => void {
    if (this.#stopListening) return this.#stopListening;
    const { signals } = this.#settings;
    for (const signal of signals) process.on(signal, this.#onSignal);
    const stop = (): void => {
      for (const signal of signals) process.off(signal, this.#onSignal);
      if (this.#stopListening === stop) this.#stopListening = undefined;
    };
    this.#stopListening = stop;
    return stop;
  }

  /** Shuts down, whatever the reason. However often it is called, there is one shutdown, and one report. Never rejects. */
  shutdown(reason = 'requested'): Promise<ShutdownReport> {
    this.#running ??= this.#sequence(reason);
    return this.#running;
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const now = this.#settings.clock.now();
    if (!this.#running) {
      this.#signalledAt = now;
      void this.shutdown(signal);
    } else if (now - this.#signalledAt >= sameSignalMs) {
      this.#log('warn', `${signal} again: ending at once`);
      this.#force.abort();
    }
  };

  async #sequence(reason: string): Promise<ShutdownReport> {
    const { clock, health, exit } = this.#settings;
    const startedAt = clock.now();
    this.#log('info', `shutting down: ${reason}`);
    attempt(() => health?.markShuttingDown());
    await this.#preStop(reason);
    await this.#drain();
    await this.#closeAll();
    this.#cut();
    this.#target?.connections.detach();
    this.#stopListening?.();
    const report = this.#report(reason, clock.now() - startedAt);
    this.#log(report.exitCode === 0 ? 'info' : 'error', 'shutdown complete', {
      exitCode: report.exitCode,
      durationMs: report.durationMs,
      connectionsCut: report.connectionsCut,
    });
    exit(report.exitCode);
    return report;
  }

  async #preStop(reason: string): Promise<void> {
    const { clock, health, preStopDelayMs } = this.#settings;
    const somebodyWatches = this.#target !== undefined || health !== undefined;
    if (!somebodyWatches || reason === 'SIGINT' || preStopDelayMs === 0) return;
    this.#log('info', `serving for ${preStopDelayMs} ms more while load balancers notice`);
    await pause(clock, preStopDelayMs, this.#force.signal);
  }

  async #drain(): Promise<void> {
    const target = this.#target;
    if (!target || this.#force.signal.aborted) return;
    const { clock, drainTimeoutMs } = this.#settings;
    const step = await drain(target, { clock, timeoutMs: drainTimeoutMs, signal: this.#force.signal });
    this.#note(step);
    // What was upgraded is left to whoever owns it: a closer registered for it, or Fastify's preClose hooks.
    if (step.outcome !== 'done') this.#cut();
  }

  async #closeAll(): Promise<void> {
    const { health } = this.#settings;
    await this.#closeApplication();
    for (let closer = this.#closers.pop(); closer; closer = this.#closers.pop()) {
      await this.#close(closer.name, closer.close);
    }
    if (health?.close) await this.#close('health', () => health.close?.());
  }

  /** A Fastify instance runs its own hooks, and waits for every socket: those that nobody closes are cut for it. */
  async #closeApplication(): Promise<void> {
    const application = this.#target?.application;
    if (!application) return;
    const closing = (async () => application.close())();
    await this.#close('server', () => closing);
    if (this.#steps.at(-1)?.outcome !== 'timed-out' || this.#cut() === 0) return;
    await this.#close('server, after its sockets were cut', () => closing);
  }

  async #close(name: string, close: () => unknown): Promise<void> {
    const { clock, closeTimeoutMs } = this.#settings;
    const signal = this.#force.signal;
    if (signal.aborted) return;
    this.#note(await runStep(name, close, { clock, timeoutMs: closeTimeoutMs, signal }));
  }

  #cut(): number {
    const count = this.#target?.connections.cutAll() ?? 0;
    this.#connectionsCut += count;
    if (count > 0) this.#log('warn', `cut ${count} connections`);
    return count;
  }

  #note(step: ShutdownStep): void {
    this.#steps.push(step);
    const { name, outcome, durationMs, message } = step;
    const problem = message === undefined ? '' : `: ${message}`;
    this.#log(outcome === 'done' ? 'info' : 'error', `${name} ${outcome}${problem}`, {
      step: name,
      durationMs,
    });
  }

  #report(reason: string, durationMs: number): ShutdownReport {
    const forced = this.#force.signal.aborted;
    const clean =
      !forced && this.#connectionsCut === 0 && this.#steps.every(({ outcome }) => outcome === 'done');
    return Object.freeze({
      reason,
      exitCode: clean ? 0 : 1,
      forced,
      connectionsCut: this.#connectionsCut,
      steps: Object.freeze([...this.#steps]),
      durationMs: Math.round(durationMs),
    });
  }

  #log(level: ShutdownLogEntry['level'], message: string, fields: Record<string, unknown> = {}): void {
    attempt(() => this.#settings.log({ level, message, ...fields }));
  }
}

/** A logger or a health object that throws must not stop the shutdown. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
