import type { ClusterOptions, RedisOptions } from 'ioredis';
import { refuseAddress, refuseAddresses } from './address.js';

/** Options of ioredis that the lanes set themselves; each would undo what they are for. */
const owned = [
  ...['lazyConnect', 'retryStrategy', 'reconnectOnError', 'enableOfflineQueue', 'maxRetriesPerRequest'],
  ...['autoResendUnfulfilledCommands', 'autoResubscribe', 'commandTimeout', 'socketTimeout'],
  ...['connectTimeout', 'sentinelRetryStrategy', 'monitor'],
] as const;

export type Owned =
  | 'lazyConnect'
  | 'retryStrategy'
  | 'reconnectOnError'
  | 'enableOfflineQueue'
  | 'maxRetriesPerRequest'
  | 'autoResendUnfulfilledCommands'
  | 'autoResubscribe'
  | 'commandTimeout'
  | 'socketTimeout'
  | 'connectTimeout'
  | 'sentinelRetryStrategy'
  | 'monitor';

/** What a Cluster's nodes have of their own, or have not. */
const ofOneServer = ['host', 'port', 'path', 'db', 'sentinels', 'name'];

const ofCluster = new Set([
  ...['nodes', 'scaleReads', 'natMap', 'dnsLookup', 'useSRVRecords', 'resolveSrv', 'scripts'],
  ...['slotsRefreshTimeout', 'slotsRefreshInterval', 'enableAutoPipelining', 'autoPipeliningIgnoredCommands'],
]);

/** Between two looks for the node that a command belongs to, while it cannot be reached. */
const LOOK_AGAIN_MS = 250;

interface Received {
  connection?: unknown;
  cluster?: unknown;
  exclusive?: unknown;
  retry?: unknown;
  Redis?: unknown;
}

/** @throws TypeError for what is no option, or none that may be given */
export function refuseForeign(received: Received): void {
  refuseNonObject('', received);
  const { connection, cluster, exclusive, retry, Redis } = received;
  const isUrl = typeof connection === 'string' && cluster === undefined;
  if (isUrl && !/^(rediss?|unix):\/\/|^\//.test(connection))
    throw new TypeError(
      'RedisLanes: option "connection" must be an object, or a URL: redis://, rediss://, or a path',
    );
  for (const [name, value] of Object.entries({
    ...(isUrl ? {} : { connection }),
    cluster,
    exclusive,
    retry,
  })) {
    if (value !== undefined) refuseNonObject(`option "${name}" `, value);
  }
  if (Redis !== undefined && typeof Redis !== 'function')
    throw new TypeError(`RedisLanes: option "Redis" must be ioredis's class, received ${typeof Redis}`);
  const names = isUrl ? [] : Object.keys(connection ?? {});
  const taken = names.find((name) => (owned as readonly string[]).includes(name));
  if (taken !== undefined)
    throw new TypeError(`RedisLanes: option "connection.${taken}" is set by the lanes`);
  if (!isUrl) refuseAddress('connection', connection ?? {});
  if (cluster === undefined) refuseSentinels(isUrl ? undefined : (connection as RedisOptions | undefined));
  else refuseCluster(cluster as object, names);
}

function refuseNonObject(what: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  // Not the value: there may be a password in it.
  throw new TypeError(
    `RedisLanes: ${what}must be an object, received ${value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value}`,
  );
}

function refuseSentinels(connection: RedisOptions | undefined): void {
  if (connection?.sentinels === undefined) return;
  if (!Array.isArray(connection.sentinels) || connection.sentinels.length === 0)
    throw new TypeError('RedisLanes: option "connection.sentinels" must list at least one sentinel');
  refuseAddresses('connection.sentinels', connection.sentinels, false);
  if (typeof connection.name !== 'string')
    throw new TypeError(
      'RedisLanes: option "connection.name" must say which master of the sentinels is meant',
    );
}

function refuseCluster(cluster: object, namesOfConnection: string[]): void {
  const { nodes } = cluster as { nodes?: unknown };
  if (!Array.isArray(nodes) || nodes.length === 0)
    throw new TypeError('RedisLanes: option "cluster.nodes" must list at least one node: { host, port }');
  refuseAddresses('cluster.nodes', nodes, true);
  const unknown = Object.keys(cluster).find((name) => !ofCluster.has(name));
  if (unknown !== undefined) {
    const advice =
      unknown === 'redisOptions'
        ? 'give its contents as "connection"'
        : `known: ${[...ofCluster].join(', ')}`;
    throw new TypeError(`RedisLanes: option "cluster.${unknown}" is not one that may be given; ${advice}`);
  }
  const single = namesOfConnection.find((name) => ofOneServer.includes(name));
  if (single !== undefined)
    throw new TypeError(
      `RedisLanes: option "connection.${single}" is one server's; where a Cluster is, "cluster.nodes" says`,
    );
}

export function singleSettings(connection: RedisOptions, connectTimeoutMs: number): RedisOptions {
  const { sentinels } = connection;
  return {
    // Each sentinel has its share of a try, so that one that does not answer leaves time for the next one.
    ...(sentinels == null
      ? {}
      : { sentinelCommandTimeout: Math.max(1, Math.floor(connectTimeoutMs / (sentinels.length + 1))) }),
    ...connection,
    lazyConnect: true,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    enableOfflineQueue: false,
    maxRetriesPerRequest: null,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    connectTimeout: connectTimeoutMs,
  };
}

/** Of a connection of its own to a node that a Cluster knows: its address, its way to log in. */
export function nodeSettings(node: RedisOptions, fixed: RedisOptions): RedisOptions {
  const { host, port, username, password, tls, family } = node;
  const given = Object.entries({ host, port, username, password, tls, family }).filter(
    ([, value]) => value != null,
  );
  return { ...fixed, ...Object.fromEntries(given) };
}

/** The supervision of the nodes is ours, and the deadline of a command is what limits how often it is sent on. */
export function clusterSettings(
  choices: ClusterOptions,
  fixed: RedisOptions,
  commandTimeoutMs: number,
): ClusterOptions {
  const { enableOfflineQueue, retryStrategy, lazyConnect, ...redisOptions } = fixed;
  return {
    slotsRefreshInterval: 5_000,
    ...choices,
    redisOptions,
    lazyConnect: true,
    enableOfflineQueue: true,
    clusterRetryStrategy: () => null,
    retryDelayOnFailover: LOOK_AGAIN_MS,
    retryDelayOnClusterDown: LOOK_AGAIN_MS,
    retryDelayOnTryAgain: LOOK_AGAIN_MS,
    maxRedirections: 16 + 2 * Math.ceil(commandTimeoutMs / LOOK_AGAIN_MS),
  };
}
