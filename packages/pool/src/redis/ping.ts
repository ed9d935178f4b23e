import { deadlinesOf } from '@mainstay/core';
import type { Redis } from 'ioredis';
import { addressOf, isCluster } from './clients.js';
import { downError, timeoutError } from './redis-errors.js';
import type { CheckedRedisLanesOptions, RedisClient } from './redis-options.js';

/** Asks the server, or each master of a Cluster: keys that nobody serves are a reason to be unwell. */
export async function pingAll(client: RedisClient, options: CheckedRedisLanesOptions): Promise<void> {
  if (!isCluster(client) || client.status !== 'ready') {
    await client.ping();
    return;
  }
  await Promise.all(client.nodes('master').map((node) => pingNode(node, options)));
}

function pingNode(
  node: Redis,
  { name, clock, commandTimeoutMs }: CheckedRedisLanesOptions,
): Promise<unknown> {
  if (node.status !== 'ready') {
    const why = `the node ${addressOf(node)} is not connected`;
    return Promise.reject(downError(name, 'ping', why, undefined));
  }
  return new Promise((resolve, reject) => {
    const deadline = deadlinesOf(clock).add(commandTimeoutMs, () =>
      reject(timeoutError(name, `ping of ${addressOf(node)}`, commandTimeoutMs, true)),
    );
    node
      .ping()
      .then(resolve, reject)
      .finally(() => deadline.cancel());
  });
}
