import { type Clock, monotonicClock, option, readOptions } from '@mainstay/core';
import type { Cluster, ClusterNode, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import type { PoolOptions } from '../options.js';
import {
  clusterSettings,
  nodeSettings,
  type Owned,
  refuseForeign,
  singleSettings,
} from './ioredis-settings.js';
import type { RetrySettings } from './retry-schedule.js';

export type RedisClient = Redis | Cluster;

/** ioredis's `Redis`, of this copy of ioredis or another one (whose types are others, though they mean the same). */
export type RedisClass = new (...args: never[]) => { connect(): Promise<void> };

interface Classes {
  new (options: RedisOptions): Redis;
  new (url: string, options: RedisOptions): Redis;
  readonly Cluster?: (new (nodes: ClusterNode[], options: ClusterOptions) => Cluster) | undefined;
}

export type RedisConnection = Omit<RedisOptions, Owned>;

/** Of every node: without what says where it is. */
export type RedisNodeConnection = Omit<
  RedisConnection,
  'host' | 'port' | 'path' | 'db' | 'sentinels' | 'name'
>;

/** ioredis's options of a Cluster that may be chosen. */
export interface RedisCluster
  extends Pick<
    ClusterOptions,
    | 'scaleReads'
    | 'natMap'
    | 'dnsLookup'
    | 'useSRVRecords'
    | 'resolveSrv'
    | 'slotsRefreshTimeout'
    | 'slotsRefreshInterval'
    | 'enableAutoPipelining'
    | 'autoPipeliningIgnoredCommands'
    | 'scripts'
  > {
  /** Some of the nodes; the others are found through them. */
  nodes: ClusterNode[];
}

export interface RedisLanesCommonOptions {
  /** Says who it is in errors, stats and metrics. Default 'redis'. */
  name?: string | undefined;
  /** How long a command may take, also while it waits for the connection; a blocking one as long again as it asked for. Default 2,000. */
  commandTimeoutMs?: number | undefined;
  /** How long one try to connect may take, handshake included. Default 5,000. */
  connectTimeoutMs?: number | undefined;
  /** How many commands may wait for a connection that is away, for each connection of the shared lane. Default 1,000; 0: none. */
  offlineQueue?: number | undefined;
  /** Connections of the shared lane (to each node of a Cluster). More than one helps only where replies are huge. Default 1. */
  sharedConnections?: number | undefined;
  /** Of the exclusive lane, of a Cluster for each node: any option of `Pool` about sizes and times. */
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
  /** The subscriber is asked this often whether it still hears anything. Default 10,000. */
  subscriberPingMs?: number | undefined;
  /** 5 tries, 2 to 10 s apart, then marked down and tried every 30 s; see `RetrySettings`. */
  retry?: Partial<RetrySettings> | undefined;
  /** ioredis's class, where not the one that is installed beside this package is meant. */
  Redis?: RedisClass | undefined;
  clock?: Clock | undefined;
}

export interface RedisLanesOptions extends RedisLanesCommonOptions {
  /**
   * Where the server is, and how to log in: a URL, or ioredis's options without those that the lanes set. With `sentinels` and
   * `name`, the master that they know. Default: 127.0.0.1:6379.
   */
  connection?: string | RedisConnection | undefined;
  cluster?: undefined;
}

export interface RedisClusterLanesOptions extends RedisLanesCommonOptions {
  cluster: RedisCluster;
  /** How to log in at each node. */
  connection?: RedisNodeConnection | undefined;
}

export interface CheckedRedisLanesOptions {
  readonly name: string;
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly offlineQueue: number;
  readonly sharedConnections: number;
  readonly subscriberPingMs: number;
  readonly exclusive: NonNullable<RedisLanesOptions['exclusive']>;
  readonly retry: RetrySettings;
  readonly clock: Clock;
  readonly cluster: RedisCluster | undefined;
  readonly keyPrefix: string;
  /** A client of the one server, or of one node: never connects, retries or queues by itself. */
  readonly makeClient: (node?: RedisOptions) => Redis;
  readonly makeCluster: () => Cluster;
}

const fields = {
  name: option.string({ default: 'redis', maxLength: 200 }),
  commandTimeoutMs: option.milliseconds({ min: 1, default: 2_000 }),
  connectTimeoutMs: option.milliseconds({ min: 1, default: 5_000 }),
  offlineQueue: option.integer({ min: 0, max: Number.MAX_SAFE_INTEGER, default: 1_000 }),
  sharedConnections: option.integer({ min: 1, max: 1_000, default: 1 }),
  subscriberPingMs: option.milliseconds({ min: 1, default: 10_000 }),
  clock: option.instance<Clock>({
    default: monotonicClock,
    methods: ['now', 'coarseNow', 'setTimer'],
    expected: 'a clock',
  }),
};

/** @throws TypeError, RangeError */
export function readRedisLanesOptions(
  received: RedisLanesOptions | RedisClusterLanesOptions,
  Installed: RedisClass,
): CheckedRedisLanesOptions {
  refuseForeign(received);
  const {
    connection = {},
    cluster,
    exclusive = {},
    retry = {},
    Redis: chosen = Installed,
    ...rest
  } = received;
  const Class = chosen as unknown as Classes;
  const url = typeof connection === 'string' ? connection : undefined;
  const given = typeof connection === 'string' ? {} : connection;
  const checked = readOptions('RedisLanes', rest, fields);
  const { connectTimeoutMs, commandTimeoutMs } = checked;
  const fixed = singleSettings(given, connectTimeoutMs);
  return {
    ...checked,
    exclusive: { ...exclusive },
    retry: readRetry(retry),
    cluster: cluster === undefined ? undefined : { ...cluster, nodes: [...cluster.nodes] },
    keyPrefix: given.keyPrefix ?? '',
    makeClient: (node) => {
      const settings = node === undefined ? { ...fixed } : nodeSettings(node, fixed);
      return url === undefined ? new Class(settings) : new Class(url, settings);
    },
    makeCluster: () => {
      const { nodes, ...choices } = cluster as RedisCluster;
      if (Class.Cluster === undefined) throw new TypeError('RedisLanes: option "Redis" has no Cluster');
      return new Class.Cluster([...nodes], clusterSettings(choices, fixed, commandTimeoutMs));
    },
  };
}

const readRetry = (received: Partial<RetrySettings>): RetrySettings =>
  readOptions('RedisLanes.retry', received, {
    tries: option.integer({ min: 0, max: 1_000, default: 5 }),
    firstMs: option.milliseconds({ min: 1, default: 2_000 }),
    longestMs: option.milliseconds({ min: 1, default: 10_000 }),
    downMs: option.milliseconds({ min: 1, default: 30_000 }),
    giveUp: option.boolean({ default: false }),
  });
