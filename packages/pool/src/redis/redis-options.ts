import { type Clock, monotonicClock, option, readOptions } from '@mainstay/core';
import type { Redis, RedisOptions } from 'ioredis';
import type { PoolOptions } from '../options.js';
import type { RetrySettings } from './retry-schedule.js';

type RedisClass = new (options: RedisOptions) => Redis;

/** Options of ioredis that the lanes set themselves; each would undo what they are for. */
const owned = [
  ...['lazyConnect', 'retryStrategy', 'reconnectOnError', 'enableOfflineQueue', 'maxRetriesPerRequest'],
  ...[
    'autoResendUnfulfilledCommands',
    'autoResubscribe',
    'commandTimeout',
    'socketTimeout',
    'connectTimeout',
  ],
] as const;

export type RedisConnection = Omit<RedisOptions, (typeof owned)[number]>;

export interface RedisLanesOptions {
  /** Says who it is in errors, stats and metrics. Default 'redis'. */
  name?: string | undefined;
  /** Where the server is, and how to log in: ioredis's options, without those that the lanes set. Default: 127.0.0.1:6379. */
  connection?: RedisConnection | undefined;
  /** How long a command may take, also while it waits for the connection; a blocking one as long again as it asked for. Default 2,000. */
  commandTimeoutMs?: number | undefined;
  /** How long one try to connect may take, handshake included. Default 5,000. */
  connectTimeoutMs?: number | undefined;
  /** How many commands may wait for a connection that is away, for each connection. Default 1,000; 0: none. */
  offlineQueue?: number | undefined;
  /** Connections of the shared lane. More than one helps only where replies are huge. Default 1. */
  sharedConnections?: number | undefined;
  /** Of the exclusive lane: any option of `Pool` about sizes and times. */
  exclusive?:
    | Partial<
        Pick<
          PoolOptions<Redis>,
          | 'min'
          | 'max'
          | 'overflow'
          | 'maxQueued'
          | 'maxConnecting'
          | 'acquireTimeoutMs'
          | 'idleTimeoutMs'
          | 'maxLifetimeMs'
          | 'validateAfterIdleMs'
          | 'keepaliveMs'
          | 'leakAfterMs'
        >
      >
    | undefined;
  /** 5 tries, 2 to 10 s apart, then marked down and tried every 30 s; see `RetrySettings`. */
  retry?: Partial<RetrySettings> | undefined;
  /** ioredis's class, where not the one that is installed beside this package is meant. */
  Redis?: RedisClass | undefined;
  clock?: Clock | undefined;
}

export interface CheckedRedisLanesOptions {
  readonly name: string;
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly offlineQueue: number;
  readonly sharedConnections: number;
  readonly exclusive: NonNullable<RedisLanesOptions['exclusive']>;
  readonly retry: RetrySettings;
  readonly clock: Clock;
  /** A client that never connects, retries or queues by itself. */
  readonly makeClient: () => Redis;
}

/** @throws TypeError, RangeError */
export function readRedisLanesOptions(
  received: RedisLanesOptions,
  Installed: RedisClass,
): CheckedRedisLanesOptions {
  const { connection = {}, exclusive = {}, retry = {}, Redis: Class = Installed, ...rest } = received;
  refuseForeign(received, connection);
  const checked = readOptions('RedisLanes', rest, {
    name: option.string({ default: 'redis', maxLength: 200 }),
    commandTimeoutMs: option.milliseconds({ min: 1, default: 2_000 }),
    connectTimeoutMs: option.milliseconds({ min: 1, default: 5_000 }),
    offlineQueue: option.integer({ min: 0, max: Number.MAX_SAFE_INTEGER, default: 1_000 }),
    sharedConnections: option.integer({ min: 1, max: 1_000, default: 1 }),
    clock: option.instance<Clock>({
      default: monotonicClock,
      methods: ['now', 'coarseNow', 'setTimer'],
      expected: 'a clock',
    }),
  });
  const fixed: RedisOptions = {
    ...connection,
    lazyConnect: true,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    maxRetriesPerRequest: null,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    connectTimeout: checked.connectTimeoutMs,
  };
  const makeClient = (): Redis => new Class({ ...fixed });
  return { ...checked, exclusive: { ...exclusive }, retry: readRetry(retry), makeClient };
}

function refuseForeign(received: RedisLanesOptions, connection: RedisConnection): void {
  if ('cluster' in received || 'sentinels' in connection) {
    throw new TypeError(
      'RedisLanes: Redis Cluster and Sentinel are not supported yet; give the lanes one server',
    );
  }
  for (const name of owned) {
    if (name in connection)
      throw new TypeError(`RedisLanes: option "connection.${name}" is set by the lanes`);
  }
}

const readRetry = (received: Partial<RetrySettings>): RetrySettings =>
  readOptions('RedisLanes.retry', received, {
    tries: option.integer({ min: 0, max: 1_000, default: 5 }),
    firstMs: option.milliseconds({ min: 1, default: 2_000 }),
    longestMs: option.milliseconds({ min: 1, default: 10_000 }),
    downMs: option.milliseconds({ min: 1, default: 30_000 }),
    giveUp: option.boolean({ default: false }),
  });
