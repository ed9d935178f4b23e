import { type Logger, pino } from 'pino';
import type { Config } from '../config/config.js';

/** JSON lines on stdout. */
export function createLogger({ logLevel }: Pick<Config, 'logLevel'>): Logger {
  const stdout = pino.destination({ fd: 1, sync: true });
  // A full disk or a closed pipe behind stdout costs log lines, not the service.
  stdout.on('error', () => {});
  // Fastify logs neither headers nor bodies; this is for the day when somebody adds them.
  const redact = ['req.headers.authorization', 'req.headers.cookie'];
  return pino({ level: logLevel, redact, base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, stdout);
}
