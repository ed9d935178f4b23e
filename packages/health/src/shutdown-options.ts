import { type Clock, monotonicClock, option, readOptions } from '@mainstay/core';
import type { ServerLike } from './drain.js';
import type { GracefulShutdownOptions, ShutdownLogEntry } from './graceful-shutdown.js';

type Settled = 'server' | 'health';

/** The options of a shutdown with the defaults filled in. */
export type ShutdownSettings = Required<Omit<GracefulShutdownOptions, Settled>> &
  Pick<GracefulShutdownOptions, Settled>;

/** Kubernetes kills after 30 s: the delay, the drain and one slow dependency fit in. */
const defaults = { preStopDelayMs: 5_000, drainTimeoutMs: 15_000, closeTimeoutMs: 5_000 };

function logLine({ level, message, ...fields }: ShutdownLogEntry): void {
  const details = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : '';
  process.stderr.write(`${level}: ${message}${details}\n`);
}

export function readShutdownOptions(options: GracefulShutdownOptions): ShutdownSettings {
  const settings = readOptions('GracefulShutdown', options, {
    server: option.instance<ServerLike & object>({ optional: true }),
    health: option.instance<NonNullable<GracefulShutdownOptions['health']>>({
      optional: true,
      methods: ['markShuttingDown'],
    }),
    preStopDelayMs: option.milliseconds({ default: defaults.preStopDelayMs }),
    drainTimeoutMs: option.milliseconds({ default: defaults.drainTimeoutMs }),
    closeTimeoutMs: option.milliseconds({ min: 1, default: defaults.closeTimeoutMs }),
    signals: option.array(option.string<{ maxLength: 20 }>({ maxLength: 20 }), {
      optional: true,
      maxLength: 40,
    }),
    exit: option.func<(code: number) => void>({ default: (code: number) => process.exit(code) }),
    log: option.func<(entry: ShutdownLogEntry) => void>({ default: logLine }),
    clock: option.instance<Clock>({ default: monotonicClock, methods: ['now', 'coarseNow', 'setTimer'] }),
  });
  return { ...settings, signals: (settings.signals ?? ['SIGTERM', 'SIGINT']) as readonly NodeJS.Signals[] };
}
