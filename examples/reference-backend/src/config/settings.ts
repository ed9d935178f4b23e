// Every environment variable that the backend reads: how it is checked and what is allowed, in words.
import { isIP } from 'node:net';
import { z } from 'zod';
import { modelList, standInModels } from './model-list.js';

export interface Setting<Value> {
  schema: z.ZodType<Value, string | undefined>;
  /** Completes the sentence "PORT must be …". */
  allowed: string;
  /** Its value never appears in a message, a log or `--check-config`. */
  secret?: boolean;
}

const setting = <Value>(
  schema: z.ZodType<Value, string | undefined>,
  allowed: string,
  more: { secret?: boolean } = {},
): Setting<Value> => ({ schema, allowed, ...more });

/** Digits only: `Number()` would take '', ' 7 ', '0x1f' and '1e3' as well. */
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));

const url = (protocols: string[], isComplete: (url: URL) => boolean) =>
  z.string().refine((text) => {
    if (!URL.canParse(text)) return false;
    const parsed = new URL(text);
    return protocols.includes(parsed.protocol.slice(0, -1)) && isComplete(parsed);
  });

/** A socket of this machine is named by `?host=`, and then there is no host before the path. */
const namesDatabase = ({ hostname, pathname, searchParams }: URL) =>
  (hostname !== '' || Boolean(searchParams.get('host'))) && /^\/[^/]/.test(pathname);

/** The path of a Redis URL is the number of a database, or empty. */
const namesRedis = ({ hostname, pathname }: URL) => hostname !== '' && /^(\/\d{0,5})?$/.test(pathname);

const isHost = (text: string) =>
  isIP(text) !== 0 || /^(?!.*[.-]{2}.)[a-z0-9_][a-z0-9_.-]{0,252}$/i.test(text);

const milliseconds = (min: number, max: number, fallback: number) =>
  setting(
    wholeNumber(min, max).default(fallback),
    `a whole number of milliseconds from ${min} to ${max} (default ${fallback})`,
  );

export const settings = {
  NODE_ENV: setting(
    z.enum(['development', 'test', 'production']).default('development'),
    'development, test or production (default development)',
  ),
  HOST: setting(
    z.string().refine(isHost).default('127.0.0.1'),
    'the address to listen on, such as 127.0.0.1 (default) or 0.0.0.0',
  ),
  PORT: setting(wholeNumber(0, 65_535).default(3000), 'a port from 0 (any free one) to 65535 (default 3000)'),
  LOG_LEVEL: setting(
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    'fatal, error, warn, info (default), debug, trace or silent',
  ),
  DATABASE_URL: setting(
    url(['postgres', 'postgresql'], namesDatabase),
    'a PostgreSQL URL, such as postgres://user:password@127.0.0.1:5432/gateway',
    { secret: true },
  ),
  DATABASE_POOL_MAX: setting(
    wholeNumber(1, 1000).default(10),
    'a whole number of connections from 1 to 1000 (default 10)',
  ),
  REDIS_URL: setting(
    url(['redis', 'rediss'], namesRedis).optional(),
    'a Redis URL, such as redis://127.0.0.1:6379, or unset: the cache then lives in memory only',
    { secret: true },
  ),
  JWT_SECRET: setting(
    z.string().min(16).optional(),
    'at least 16 characters (32 in production); unset outside production: made up at each start',
    { secret: true },
  ),
  TOKEN_LIFETIME_SECONDS: setting(
    wholeNumber(1, 31_536_000).default(3600),
    'a whole number of seconds from 1 to 31536000 (default 3600)',
  ),
  MODELS: setting(
    modelList.default(standInModels),
    'a JSON array of models in the order of fallback, such as [{"name":"sage","baseUrl":"https://provider.example/v1"}]',
    { secret: true },
  ),
  CIRCUIT_OPEN_MS: milliseconds(50, 3_600_000, 5_000),
  DRAIN_TIMEOUT_MS: milliseconds(0, 600_000, 25_000),
  PRE_STOP_DELAY_MS: milliseconds(0, 600_000, 0),
} as const;

export type SettingName = keyof typeof settings;
export type Values = {
  [Name in SettingName]: (typeof settings)[Name] extends Setting<infer Value> ? Value : never;
};
