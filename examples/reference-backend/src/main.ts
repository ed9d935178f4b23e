// Starts the backend: configuration, parts, HTTP, and the way out.
import { GracefulShutdown } from '@mainstay/health';
import type { FastifyInstance } from 'fastify';
import { buildApp } from './app.js';
import { type Config, readConfig, summaryOf } from './config/config.js';
import { type Gateway, openGateway } from './gateway.js';
import { createLogger } from './observability/logger.js';
import { explainStartupError } from './startup-error.js';

let config: Config | undefined;
try {
  config = readConfig(process.env);
  if (process.argv.includes('--check-config'))
    console.log(`The configuration is valid.\n${summaryOf(config)}`);
  else await start(config);
} catch (error) {
  console.error(explainStartupError(error, config));
  process.exit(1);
}

async function start(config: Config): Promise<void> {
  const logger = createLogger(config);
  if (config.jwtSecretIsMadeUp) logger.warn('no JWT_SECRET: made one up, so tokens end with this process');
  const gateway = await openGateway(config, logger);
  try {
    const app = await buildApp(gateway);
    shutDownGracefully(gateway, app);
    const url = await app.listen({ host: config.host, port: config.port });
    logger.info({ url }, 'ready');
    process.send?.({ type: 'ready', url });
  } catch (error) {
    await gateway.close();
    throw error;
  }
}

/** Readiness red, answers under way finished, then the app, the cache, Redis and Postgres closed, in this order. */
function shutDownGracefully({ config, health, logger, closers }: Gateway, app: FastifyInstance): void {
  const shutdown = new GracefulShutdown({
    server: app,
    health,
    preStopDelayMs: config.preStopDelayMs,
    drainTimeoutMs: config.drainTimeoutMs,
    log: ({ level, message, ...fields }) => logger[level](fields, message),
  });
  for (const { name, close } of closers) shutdown.onClose(name, close);
  shutdown.listen();
  // Started by a program that has gone away: nobody else will stop us.
  process.once('disconnect', () => void shutdown.shutdown('the parent process is gone'));
}
