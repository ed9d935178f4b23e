import {
  createFaultProxy,
  cut,
  type Fault,
  type FaultProxy,
  latency,
  refuse,
  stall,
} from '@mainstay/fault-proxy';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import type { Workshop } from './redis.js';

export interface Site {
  workshop: Workshop;
  /** Between the cache and Redis. */
  proxy: FaultProxy;
  /** Through the proxy. */
  client: Redis;
}

export interface Outage {
  begin(site: Site): Promise<unknown> | unknown;
  end(site: Site): Promise<unknown> | unknown;
  /** Whether a process that is connected directly still reaches Redis. */
  othersReachIt: boolean;
}

const onTheWay = (...faults: Fault[]): Outage => ({
  begin: ({ proxy }) => {
    for (const fault of faults) proxy.add(fault);
  },
  end: ({ proxy }) => proxy.clear(),
  othersReachIt: true,
});

const atTheServer = (begin: 'stop' | 'kill' | 'freeze', end: 'start' | 'thaw'): Outage => ({
  begin: ({ workshop }) => workshop.server[begin](),
  end: ({ workshop }) => workshop.server[end](),
  othersReachIt: false,
});

/** Each way in which a Redis that was there can be away. */
export const outages: Record<string, Outage> = {
  stopped: atTheServer('stop', 'start'),
  killed: atTheServer('kill', 'start'),
  frozen: atTheServer('freeze', 'thaw'),
  // A round trip of 400 ms, eight times the timeout.
  slow: onTheWay(latency({ ms: 200 })),
  silent: onTheWay(stall()),
  refused: onTheWay(cut(), refuse()),
};

export async function siteOf(workshop: Workshop): Promise<Site> {
  const proxy = await createFaultProxy({ target: { port: workshop.server.port } });
  const client = new Redis(proxy.port, '127.0.0.1', { retryStrategy: () => 50 });
  client.on('error', () => {});
  onTestFinished(async () => {
    client.disconnect();
    await proxy.close();
  });
  await client.ping();
  return { workshop, proxy, client };
}
