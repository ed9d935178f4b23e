import { Redis } from 'ioredis';
import { afterAll, afterEach, test } from 'vitest';
import { type ServiceHandle, type Services, startServices } from '../../../../scripts/services/index.mjs';
import { type RedisClusterLanesOptions, RedisLanes } from '../../src/redis.js';
import { until, versions } from './redis-versions.js';

const SLOTS = 16_384;
const settings = {
  'cluster-enabled': 'yes',
  'cluster-node-timeout': 1_000,
  'cluster-require-full-coverage': 'no',
  'cluster-allow-replica-migration': 'no',
  'cluster-replica-validity-factor': 0,
  'repl-diskless-sync-delay': 0,
};

/** One node of the Cluster, and a client that asks it alone. */
export interface Node {
  readonly server: ServiceHandle;
  readonly client: Redis;
  readonly address: string;
}

const started: Services[] = [];
const nodes: Node[] = [];
const open: RedisLanes<never>[] = [];
afterAll(async () => {
  for (const { client } of nodes) client.disconnect();
  await Promise.all(started.map((services) => services.close()));
});

/** The bus listens on port + 10,000, so ports above 55,535 will not do; another set is another port. */
async function startNode(): Promise<string | undefined> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const services = await startServices({ redis: { settings } }).catch((error: unknown) => error);
    if (services instanceof Error) continue;
    const set = services as Services;
    if (set.redis === undefined) return `${set.skipped[0]?.reason}; ${set.skipped[0]?.hint}`;
    started.push(set);
    const { port } = set.redis;
    const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on('error', () => {});
    nodes.push({ server: set.redis, client, address: `127.0.0.1:${port}` });
    return undefined;
  }
  return 'no port for a node was free';
}

const cluster = async (node: Node, ...args: (string | number)[]): Promise<string> =>
  String(await node.client.call('CLUSTER', ...args.map(String)));

/** Three masters, each with one replica. */
async function startCluster(): Promise<string | undefined> {
  for (let index = 0; index < 6; index++) {
    const missing = await startNode();
    if (missing !== undefined) return missing;
  }
  const [first] = nodes as [Node];
  for (const node of nodes.slice(1)) await cluster(first, 'MEET', '127.0.0.1', node.server.port);
  const third = Math.ceil(SLOTS / 3);
  for (const [index, node] of nodes.slice(0, 3).entries()) {
    await cluster(node, 'ADDSLOTSRANGE', index * third, Math.min(SLOTS, (index + 1) * third) - 1);
  }
  for (const [index, node] of nodes.slice(3).entries()) {
    const id = await cluster(nodes[index] as Node, 'MYID');
    await until(async () => (await cluster(node, 'NODES')).includes(id));
    await until(() =>
      cluster(node, 'REPLICATE', id).then(
        () => true,
        () => false,
      ),
    );
  }
  await healthy();
  return undefined;
}

/** All nodes agree that all slots are served, and each master has a replica that is in step. */
async function healthy(): Promise<void> {
  for (const node of nodes) {
    await until(async () => {
      const info = await cluster(node, 'INFO');
      const list = await cluster(node, 'NODES');
      return (
        ['cluster_state:ok', 'cluster_known_nodes:6', 'cluster_slots_ok:16384'].every((part) =>
          info.includes(part),
        ) &&
        !/fail|noaddr|handshake/.test(list) &&
        list.match(/\bslave\b/g)?.length === 3
      );
    });
    await until(async () =>
      /role:master[\s\S]*connected_slaves:1|master_link_status:up/.test(
        await node.client.info('replication'),
      ),
    );
  }
}

const missing = await startCluster();

afterEach(async () => {
  if (missing !== undefined) return;
  await Promise.all(open.splice(0).map((lanes) => lanes.close({ timeoutMs: 0 })));
  for (const { server } of nodes) {
    await server.thaw();
    await server.start();
  }
  await healthy();
});

export interface ClusterBench {
  readonly nodes: readonly Node[];
  lanes(options?: Partial<RedisClusterLanesOptions>): RedisLanes<import('ioredis').Cluster>;
  /** The master that serves the key, and its replica. */
  owner(key: string): Promise<{ master: Node; replica: Node; slot: number }>;
  /** Keys whose masters are all different. */
  keysApart(): Promise<[string, string, string]>;
  /** Gives the key's slot to another master, with what is in it. */
  move(key: string, during?: () => Promise<void>): Promise<Node>;
}

const findNode = (address: string): Node => {
  const node = nodes.find((candidate) => candidate.address === address);
  if (node === undefined) throw new Error(`no node ${address}`);
  return node;
};

type Range = [number, number, ...[string, number][]];

/** As a node that is there sees it. A replica is not listed before it is in step. */
async function owner(key: string): Promise<{ master: Node; replica: Node; slot: number }> {
  const seer = nodes.find(({ client }) => client.status === 'ready');
  if (seer === undefined) throw new Error('no node is there');
  const slot = Number(await cluster(seer, 'KEYSLOT', key));
  let found: Range | undefined;
  await until(async () => {
    const ranges = (await seer.client.call('CLUSTER', 'SLOTS')) as Range[];
    found = ranges.find(([from, to]) => from <= slot && slot <= to);
    return found?.length === 4;
  });
  const [, , master, replica] = found as Range;
  return {
    slot,
    master: findNode(`${master?.[0]}:${master?.[1]}`),
    replica: findNode(`${replica?.[0]}:${replica?.[1]}`),
  };
}

async function keysApart(): Promise<[string, string, string]> {
  const found = new Map<Node, string>();
  for (let index = 0; found.size < 3; index++) found.set((await owner(`key${index}`)).master, `key${index}`);
  return [...found.values()] as [string, string, string];
}

async function move(key: string, during: () => Promise<void> = async () => {}): Promise<Node> {
  const { master: from, slot } = await owner(key);
  const masters = new Set<Node>();
  for (let index = 0; masters.size < 3; index++) masters.add((await owner(`key${index}`)).master);
  const to = [...masters].find((node) => node !== from) as Node;
  const [fromId, toId] = [await cluster(from, 'MYID'), await cluster(to, 'MYID')];
  await cluster(to, 'SETSLOT', slot, 'IMPORTING', fromId);
  await cluster(from, 'SETSLOT', slot, 'MIGRATING', toId);
  await during();
  for (;;) {
    const keys = (await from.client.call('CLUSTER', 'GETKEYSINSLOT', String(slot), '100')) as string[];
    if (keys.length === 0) break;
    await from.client.call('MIGRATE', '127.0.0.1', String(to.server.port), '', '0', '5000', 'KEYS', ...keys);
  }
  for (const node of [to, from, ...masters]) await cluster(node, 'SETSLOT', slot, 'NODE', toId);
  return to;
}

/** A test against a real Cluster with both versions of ioredis; skipped by name, with the reason, where none is to be had. */
export function clusterTest(name: string, body: (bench: ClusterBench) => Promise<void>): void {
  for (const [version, Class] of versions) {
    const title = `${name} (${version}${missing === undefined ? '' : `; ${missing}`})`;
    test.skipIf(missing !== undefined)(title, async () => {
      const lanes: ClusterBench['lanes'] = (options = {}) => {
        const made = new RedisLanes({
          Redis: Class,
          ...options,
          cluster: {
            nodes: nodes.map(({ server }) => ({ host: '127.0.0.1', port: server.port })),
            ...options.cluster,
          },
        });
        open.push(made as unknown as RedisLanes<never>);
        return made;
      };
      for (const { client } of nodes) await client.flushall().catch(() => {});
      await body({ nodes, lanes, owner, keysApart, move });
    });
  }
}
