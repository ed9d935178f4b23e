// The backend in this process, on a private database of a real Postgres, behind a real port.
import pg from 'pg';
import { testDatabase } from '../../../../scripts/services/index.mjs';
import { buildApp } from '../../src/app.js';
import { readConfig } from '../../src/config/config.js';
import { type Gateway, openGateway } from '../../src/gateway.js';
import { createLogger } from '../../src/observability/logger.js';
import { modelsOf, type StandIn, startStandIn } from './stand-in.js';

/** Long enough for a stand-in on a busy machine, and short enough for a test that waits for it. */
export const modelTimeoutMs = 2_000;

export const jwtSecret = 'a secret that only these tests know';

export interface Backend {
  url: string;
  gateway: Gateway;
  close(): Promise<void>;
}

type TimeLimits = Parameters<typeof buildApp>[1];

export async function startBackend(env: Record<string, string>, limits?: TimeLimits): Promise<Backend> {
  const config = readConfig({
    PORT: '0',
    LOG_LEVEL: 'silent',
    JWT_SECRET: jwtSecret,
    CIRCUIT_OPEN_MS: '300',
    ...env,
  });
  const gateway = await openGateway(config, createLogger(config));
  const app = await buildApp(gateway, limits);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    gateway,
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
      await gateway.close();
    },
  };
}

export interface System extends Backend {
  sage: StandIn;
  scout: StandIn;
  databaseUrl: string;
}

/** Postgres, the two stand-ins and the backend. */
export async function startSystem(env: Record<string, string> = {}, limits?: TimeLimits): Promise<System> {
  const database = await testDatabase({ Client: pg.Client });
  const sage = await startStandIn('sage');
  const scout = await startStandIn('scout');
  const MODELS = modelsOf([sage, scout], modelTimeoutMs);
  const backend = await startBackend({ DATABASE_URL: database.url, MODELS, ...env }, limits);
  return {
    ...backend,
    sage,
    scout,
    databaseUrl: database.url,
    close: async () => {
      await backend.close();
      await Promise.all([sage.close(), scout.close(), database.close()]);
    },
  };
}
