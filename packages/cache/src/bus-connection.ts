import { Bus } from './bus.js';
import type { BusMessage, Counter } from './bus-messages.js';
import {
  type BusClient,
  isBusClient,
  isCluster,
  type RedisClient,
  type RedisSubscriber,
} from './redis-client.js';
import { UNAVAILABLE } from './redis-guard.js';
import type { RedisLevelOptions } from './redis-level-options.js';
import type { RedisShard } from './redis-shard.js';

/** A bus over a second connection, made from the application's client; undefined if that cannot make one. */
export function connectBus(
  options: RedisLevelOptions,
  shards: readonly RedisShard[],
  received: (message: BusMessage) => void,
): Bus | undefined {
  const { client, timeoutMs, maxStaleMs, clock, listener } = options;
  const relayed = isCluster(client);
  const make = relayed
    ? () => anyMaster(client)
    : isBusClient(client)
      ? () => ownConnection(client)
      : undefined;
  if (make === undefined) return undefined;
  return new Bus({
    connect: make,
    relayed,
    channels: shards.map(({ channel }) => channel),
    readCounters: () => readCounters(client as BusClient, shards),
    wanted: () => client.status !== 'end',
    activity: () => listener.activity(),
    timeoutMs,
    maxStaleMs,
    clock,
    received,
    distrust: () => listener.distrust(),
  });
}

async function readCounters(
  client: BusClient,
  shards: readonly RedisShard[],
): Promise<Map<string, Counter> | undefined> {
  const counters = new Map<string, Counter>();
  const asked = shards.map(async (shard) => {
    const { counter } = shard.keys;
    const answer = await shard.attempt(() => client.hmgetBuffer(counter, 'epoch', 'sequence'));
    if (answer === UNAVAILABLE) return false;
    const [epoch, sequence] = answer;
    counters.set(shard.channel, {
      epoch: epoch?.toString('latin1') ?? '',
      sequence: Number(sequence ?? 0),
    });
    return true;
  });
  return (await Promise.all(asked)).every(Boolean) ? counters : undefined;
}

function ownConnection(client: BusClient): RedisSubscriber {
  return client.duplicate(SUBSCRIBER);
}

/** Every node of a Cluster hears what is published on any. */
function anyMaster(client: { nodes(role: 'master'): { duplicate(override: object): RedisSubscriber }[] }) {
  const masters = client.nodes('master');
  const chosen = masters[Math.floor(Math.random() * masters.length)];
  return chosen?.duplicate({ ...SUBSCRIBER, readOnly: false });
}

/** Ours alone: it queues nothing, and neither subscribes nor comes back by itself, since the bus sees to that. */
const SUBSCRIBER = {
  lazyConnect: true,
  keyPrefix: '',
  autoResubscribe: false,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 5_000,
  retryStrategy: (): null => null,
};

/** Channels do not know databases or key prefixes, so their name does. */
export function channelOf(client: RedisClient, counterKey: string): string {
  const { db = 0, keyPrefix = '' } = (client as Partial<BusClient>).options ?? {};
  return `${keyPrefix}${counterKey}:${db}`;
}
