import type { Cluster, Redis } from 'ioredis';
import type { RedisClient } from './redis-options.js';

/** Of either version, and of whatever copy of ioredis. */
export const isCluster = (client: RedisClient): client is Cluster => client.isCluster === true;

/** How the nodes of a Cluster are called everywhere. */
export const addressOf = ({ options }: Redis): string => `${options.host}:${options.port}`;

/** Ends a client's connections now. ioredis alone waits up to two seconds for a server that does not answer. */
export function cut(client: RedisClient): void {
  if (isCluster(client)) {
    const nodes = client.nodes();
    client.disconnect();
    for (const node of nodes) destroyStream(node);
    return;
  }
  client.disconnect();
  destroyStream(client);
}

function destroyStream(client: Redis): void {
  const { stream } = client as { stream?: { destroy?: () => void } };
  stream?.destroy?.();
}
