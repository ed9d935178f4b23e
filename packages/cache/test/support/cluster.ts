import { Cluster, type ClusterOptions, Redis } from 'ioredis';
import { afterAll, afterEach, test } from 'vitest';
import { type ServiceHandle, startRedisCluster } from '../../../../scripts/services/index.mjs';
import { type Cache, type CacheOptions, createCache, type RedisOptions } from '../../src/index.js';
import { turn } from './helpers.js';

export interface ClusterWorkshop {
  /** The masters, then the replicas. */
  nodes: readonly ServiceHandle[];
  prefix: string;
  client(options?: ClusterOptions): Promise<Cluster>;
  /** A connection to one node. */
  node(index: number): Promise<Redis>;
  settle(): Promise<void>;
  /** One process's cache: with its own memory and its own connections. */
  cache(options?: Partial<CacheOptions>, redis?: Partial<RedisOptions>): Promise<Cache>;
}

export type ClusterTest = (name: string, run: (workshop: ClusterWorkshop) => Promise<void>) => void;

/** Tests on a real Cluster of three masters, skipped by name where there is no Redis. */
export async function clusterTests(options: { replicas?: number } = {}): Promise<ClusterTest> {
  const cluster = await startRedisCluster(options);
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    for (const node of cluster.nodes ?? []) {
      await node.thaw();
      await node.start();
    }
  });
  afterAll(() => cluster.close());
  let number = 0;
  return (name, run) =>
    test(name, async (context) => {
      if (cluster.nodes === undefined) {
        const [missing] = cluster.skipped;
        context.skip(`Redis: ${missing?.reason}. ${missing?.hint}`);
        return;
      }
      number += 1;
      await run(workshop(cluster.nodes, `c${number}:`, closers));
    });
}

function workshop(
  nodes: readonly ServiceHandle[],
  prefix: string,
  closers: (() => unknown)[],
): ClusterWorkshop {
  const startup = nodes.map(({ port, host }) => ({ port, host }));
  const clusters: Cluster[] = [];
  const client = async (options: ClusterOptions = {}): Promise<Cluster> => {
    const made = new Cluster(startup, { clusterRetryStrategy: () => 100, ...options });
    made.on('error', () => {});
    clusters.push(made);
    closers.push(() => made.disconnect());
    await new Promise<void>((resolve) => {
      made.once('ready', () => resolve());
    });
    // Connections are made when they are first needed: what is tested is not how long that takes.
    await Promise.all(made.nodes('master').map((node) => node.ping()));
    return made;
  };
  const node = async (index: number): Promise<Redis> => {
    const made = new Redis(nodes[index]?.port as number, '127.0.0.1');
    made.on('error', () => {});
    closers.push(() => made.disconnect());
    await made.ping();
    return made;
  };
  const cache = async (
    options: Partial<CacheOptions> = {},
    redis: Partial<RedisOptions> = {},
  ): Promise<Cache> => {
    const made: Cache = createCache({
      name: 'test',
      redis: { client: await client(), prefix, timeoutMs: 1_000, ...redis },
      ttlMs: 60_000,
      ttlJitterRatio: 0,
      ...options,
    });
    closers.push(() => made.close());
    return made;
  };
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 3; round += 1) {
      await turn();
      await Promise.all(clusters.flatMap((made) => made.nodes('master').map((master) => master.ping())));
    }
    await turn();
  };
  return { nodes, prefix, client, node, settle, cache };
}
