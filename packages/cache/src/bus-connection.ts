import type { Clock } from '@mainstay/core';
import { Bus } from './bus.js';
import type { BusMessage, Counter } from './bus-messages.js';
import type { BusClient, RedisClient } from './redis-client.js';
import { type RedisGuard, UNAVAILABLE } from './redis-guard.js';

export interface BusConnection {
  channel: string;
  counterKey: string;
  timeoutMs: number;
  maxStaleMs: number;
  clock: Clock;
  received: (message: BusMessage) => void;
  listener: { distrust(): void; activity(): number };
}

/** A bus over a second connection, made from the application's client. */
export function connectBus(client: BusClient, guard: RedisGuard, options: BusConnection): Bus {
  const { channel, counterKey, timeoutMs, maxStaleMs, clock, received, listener } = options;
  const readCounter = async (): Promise<Counter | undefined> => {
    const answer = await guard.attempt(() => client.hmgetBuffer(counterKey, 'epoch', 'sequence'));
    if (answer === UNAVAILABLE) return undefined;
    const [epoch, sequence] = answer;
    return { epoch: epoch?.toString('latin1') ?? '', sequence: Number(sequence ?? 0) };
  };
  return new Bus({
    connect: () => client.duplicate(SUBSCRIBER),
    channel,
    readCounter,
    wanted: () => client.status !== 'end',
    activity: () => listener.activity(),
    timeoutMs,
    maxStaleMs,
    clock,
    received,
    distrust: () => listener.distrust(),
  });
}

/** Ours alone: it subscribes by itself, comes back for ever, and queues nothing. */
const SUBSCRIBER = {
  lazyConnect: true,
  keyPrefix: '',
  autoResubscribe: false,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 5_000,
  retryStrategy: (times: number): number => Math.min(2_000, 50 * times),
};

/** Channels do not know databases or key prefixes, so their name does. */
export function channelOf(client: RedisClient, counterKey: string): string {
  const { db = 0, keyPrefix = '' } = (client as Partial<BusClient>).options ?? {};
  return `${keyPrefix}${counterKey}:${db}`;
}
