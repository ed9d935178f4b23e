import type { FastifyRequest } from 'fastify';
import { type Logger, pino } from 'pino';
import type { Config } from '../config/config.js';

/** The path alone: people put tokens into query strings. */
const req = ({ method, url, host, ip }: Pick<FastifyRequest, 'method' | 'url' | 'host' | 'ip'>) => ({
  method,
  url: url.split('?', 1)[0],
  host,
  remoteAddress: ip,
});

/** JSON lines on stdout. */
export function createLogger({ logLevel }: Pick<Config, 'logLevel'>): Logger {
  const stdout = pino.destination({ fd: 1, sync: true });
  // A full disk or a closed pipe behind stdout costs log lines, not the service.
  stdout.on('error', () => {});
  // Fastify logs neither headers nor bodies; this is for the day when somebody adds them.
  const redact = ['req.headers.authorization', 'req.headers.cookie'];
  const timestamp = pino.stdTimeFunctions.isoTime;
  return pino({ level: logLevel, redact, serializers: { req }, base: undefined, timestamp }, stdout);
}
