// A real Redis Cluster of a few masters on this machine, and replicas where they are asked for.
import { connect } from 'node:net';
import { startServices } from './services.mjs';

const SLOTS = 16_384;
const ATTEMPTS = 30;
const READY_MS = 30_000;

/** The bus of a node listens on its port + 10,000, so not every free port will do: another set is another port. */
async function startNode(settings) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startServices({ redis: { settings } });
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** One command as a line, its reply as text. */
export function askRedis(port, line) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    const end = (settle, value) => {
      socket.destroy();
      settle(value);
    };
    socket.setTimeout(5_000, () => end(reject, new Error(`Redis did not answer "${line}"`)));
    socket.on('error', (error) => end(reject, error));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      const head = received.indexOf('\r\n');
      if (head < 0) return;
      const [kind, rest] = [received[0], received.slice(1, head)];
      if (kind === '-') end(reject, new Error(`${line}: ${rest}`));
      else if (kind !== '$') end(resolve, rest);
      else if (received.length >= head + 2 + Number(rest) + 2)
        end(resolve, received.slice(head + 2, head + 2 + Number(rest)));
    });
    socket.on('connect', () => socket.write(`${line}\r\n`));
  });
}

async function until(what, holds) {
  const end = Date.now() + READY_MS;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error(`The Redis Cluster did not come up: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function join(nodes, masters) {
  const ports = nodes.map(({ port }) => port);
  for (let index = 0; index < masters; index += 1) {
    const from = Math.ceil((index * SLOTS) / masters);
    const to = Math.ceil(((index + 1) * SLOTS) / masters) - 1;
    await askRedis(ports[index], `CLUSTER ADDSLOTSRANGE ${from} ${to}`);
  }
  for (const port of ports.slice(1)) await askRedis(ports[0], `CLUSTER MEET 127.0.0.1 ${port}`);
  const allKnow = async (expected) => {
    const infos = await Promise.all(ports.map((port) => askRedis(port, 'CLUSTER INFO')));
    return infos.every((info) => expected.every((line) => info.includes(line)));
  };
  await until('nodes do not know each other', () => allKnow([`cluster_known_nodes:${ports.length}`]));
  for (let index = masters; index < ports.length; index += 1) {
    const id = await askRedis(ports[index - masters], 'CLUSTER MYID');
    await until('a replica does not know its master', async () => {
      await askRedis(ports[index], `CLUSTER REPLICATE ${id}`);
      return true;
    });
    await until('a replica does not follow', async () =>
      (await askRedis(ports[index], 'INFO replication')).includes('master_link_status:up'),
    );
  }
  await until('slots are not served', () => allKnow(['cluster_state:ok', `cluster_slots_assigned:${SLOTS}`]));
}

export async function startRedisCluster({ masters = 3, replicas = 0, settings = {} } = {}) {
  const sets = [];
  const close = async () => {
    await Promise.all(sets.splice(0).map((set) => set.close()));
  };
  const own = {
    'cluster-enabled': 'yes',
    'cluster-node-timeout': 1_000,
    'cluster-require-full-coverage': 'no',
    ...settings,
  };
  try {
    for (let index = 0; index < masters + replicas; index += 1) {
      const set = await startNode(own);
      sets.push(set);
      if (set.redis === undefined) return { nodes: undefined, skipped: set.skipped, close };
    }
    const nodes = sets.map(({ redis }) => redis);
    await join(nodes, masters);
    return { nodes, skipped: [], close };
  } catch (error) {
    await close();
    throw error;
  }
}
