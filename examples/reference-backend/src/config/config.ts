// The configuration, read once from the environment before anything else starts.
import { randomBytes } from 'node:crypto';
import { ConfigError, type ConfigProblem, problemsOf } from './config-problem.js';
import { crossChecks } from './cross-checks.js';
import type { ModelConfig } from './model-list.js';
import { type SettingName, settings, type Values } from './settings.js';

export type { ModelConfig } from './model-list.js';

export interface Config {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  readonly logLevel: Values['LOG_LEVEL'];
  readonly databaseUrl: string;
  readonly databasePoolMax: number;
  readonly redisUrl: string | undefined;
  readonly jwtSecret: string;
  /** Tokens end with the process, since nobody set JWT_SECRET. */
  readonly jwtSecretIsMadeUp: boolean;
  readonly tokenLifetimeSeconds: number;
  /** In the order in which they stand in for each other. */
  readonly models: readonly ModelConfig[];
  readonly circuitOpenMs: number;
  readonly drainTimeoutMs: number;
  readonly preStopDelayMs: number;
}

/** @throws ConfigError with every problem of every variable. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const values: Partial<Record<SettingName, unknown>> = {};
  const problems: ConfigProblem[] = [];
  for (const variable of Object.keys(settings) as SettingName[]) {
    // Compose files and shells write "unset" as an empty text.
    const raw = env[variable]?.trim() || undefined;
    const result = settings[variable].schema.safeParse(raw);
    if (result.success) values[variable] = result.data;
    else problems.push(...problemsOf(variable, raw, result.error.issues));
  }
  problems.push(...crossChecks(values as Partial<Values>, env));
  if (problems.length > 0) throw new ConfigError(problems);
  return toConfig(values as Values);
}

function toConfig(values: Values): Config {
  return Object.freeze({
    production: values.NODE_ENV === 'production',
    host: values.HOST,
    port: values.PORT,
    logLevel: values.LOG_LEVEL,
    databaseUrl: values.DATABASE_URL,
    databasePoolMax: values.DATABASE_POOL_MAX,
    redisUrl: values.REDIS_URL,
    jwtSecret: values.JWT_SECRET ?? randomBytes(32).toString('base64url'),
    jwtSecretIsMadeUp: values.JWT_SECRET === undefined,
    tokenLifetimeSeconds: values.TOKEN_LIFETIME_SECONDS,
    models: values.MODELS,
    circuitOpenMs: values.CIRCUIT_OPEN_MS,
    drainTimeoutMs: values.DRAIN_TIMEOUT_MS,
    preStopDelayMs: values.PRE_STOP_DELAY_MS,
  });
}

/** Where something is, without who may get in: `postgres://127.0.0.1:5432/gateway`. */
export function withoutCredentials(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** What `--check-config` prints when all is well. */
export function summaryOf(config: Config): string {
  const lines = {
    'listens on': `${config.host}:${config.port}`,
    postgres: withoutCredentials(config.databaseUrl),
    redis: config.redisUrl ? withoutCredentials(config.redisUrl) : 'none: the cache lives in memory only',
    tokens: config.jwtSecretIsMadeUp
      ? 'signed with a secret made up at each start'
      : 'signed with JWT_SECRET',
    models: config.models
      .map(({ name, baseUrl }) => `${name} (${withoutCredentials(baseUrl)})`)
      .join(', then '),
  };
  return Object.entries(lines)
    .map(([label, value]) => `  ${label.padEnd(11)}${value}`)
    .join('\n');
}
