import { Cluster, Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { type Services, startServices } from '../../../../scripts/services/index.mjs';
import { RateLimiter } from '../../src/index.js';
import { redisStore } from '../../src/redis.js';
import { sleep, until } from '../support/redis.js';

const nodes: Services[] = [];
const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
  await Promise.all(nodes.map((node) => node.close()));
});

const settings = {
  'cluster-enabled': 'yes',
  'cluster-node-timeout': 2_000,
  'cluster-require-full-coverage': 'no',
};

/** Three masters with a third of the slots each. */
async function startCluster(): Promise<number[] | string> {
  for (let node = 0; node < 3; node += 1) {
    // The bus listens on port + 10000, so ports above 55535 will not do; another set is another port.
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const services = await startServices({ redis: { settings } }).catch((error: unknown) => error);
      if (services instanceof Error) continue;
      const set = services as Services;
      if (set.redis === undefined) return `Redis: ${set.skipped[0]?.reason}. ${set.skipped[0]?.hint}`;
      nodes.push(set);
      break;
    }
  }
  const ports = nodes.map((node) => node.redis?.port as number);
  const clients = ports.map((port) => new Redis(port, '127.0.0.1'));
  const third = Math.ceil(16_384 / 3);
  for (const [index, client] of clients.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', index * third, Math.min(16_383, (index + 1) * third - 1));
    if (index > 0) await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', ports[index] as number);
  }
  for (const client of clients) {
    await until(async () => {
      const info = String(await client.call('CLUSTER', 'INFO'));
      return (
        info.includes('cluster_state:ok') &&
        info.includes('cluster_known_nodes:3') &&
        info.includes('cluster_slots_assigned:16384')
      );
    });
  }
  for (const client of clients) client.disconnect();
  return ports;
}

test('a Cluster of three: one key a decision, each on its node; a node that dies leaves the others as they are', async (context) => {
  const ports = await startCluster();
  if (typeof ports === 'string') {
    context.skip(ports);
    return;
  }
  const cluster = new Cluster(
    ports.map((port) => ({ host: '127.0.0.1', port })),
    { lazyConnect: true, clusterRetryStrategy: () => 100 },
  );
  cluster.on('error', () => {});
  closers.push(() => cluster.disconnect());
  await cluster.connect();
  const limiter = new RateLimiter({
    name: 'cluster',
    limits: [
      { name: 'minute', limit: 3, windowMs: 600_000, algorithm: 'strict' },
      { name: 'day', limit: 100, windowMs: 86_400_000 },
    ],
    store: redisStore(cluster, { timeoutMs: 300 }),
  });
  closers.push(() => limiter.close());
  const keys = Array.from({ length: 60 }, (_, index) => `user:${index}`);
  for (const key of keys) {
    const decisions = await Promise.all(Array.from({ length: 5 }, () => limiter.consume(key)));
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(3);
    expect(decisions.some(({ degraded }) => degraded)).toBe(false);
  }
  const sizes = await Promise.all(cluster.nodes('master').map((node) => node.dbsize()));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(60);
  expect(Math.min(...sizes)).toBeGreaterThan(5);

  await nodes[0]?.redis?.kill();
  await sleep(200);
  for (const key of keys) expect((await limiter.consume(`${key} later`)).allowed).toBe(true);
  for (const key of keys) expect((await limiter.consume(key)).allowed).toBe(false);
  expect(limiter.stats().degraded).toBeGreaterThan(0);
});
