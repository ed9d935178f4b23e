import type { Redis } from 'ioredis';
import type { Pool } from '../pool.js';
import { isCluster } from './clients.js';
import { ClusterExclusive, type ExclusiveLane } from './cluster-exclusive.js';
import { exclusiveLane } from './exclusive.js';
import type { GateCounters } from './gate.js';
import { downError, movedError } from './redis-errors.js';
import type { CheckedRedisLanesOptions } from './redis-options.js';
import { type SharedConnection, unavailable } from './shared-connection.js';

export type { ExclusiveLane };

/** The exclusive lane: one pool of a server, or one of each node of a Cluster that was asked for. */
export class ExclusiveLanes {
  readonly #name: string;
  readonly #pool: Pool<Redis> | undefined;
  readonly #cluster: ClusterExclusive | undefined;

  constructor(options: CheckedRedisLanesOptions, counters: GateCounters, first: SharedConnection) {
    const { name } = options;
    const { link, nodes, ready } = first;
    this.#name = name;
    if (nodes === undefined || ready === undefined || !isCluster(link.client)) {
      this.#pool = exclusiveLane({
        ...{ options, counters, of: '' },
        makeClient: () => options.makeClient(),
        unavailable: (command) => unavailable(name, link, command),
      });
      return;
    }
    this.#cluster = new ClusterExclusive({
      ...{ options, counters, nodes, cluster: link.client },
      ready: (command) => ready.wait(command),
      unavailable: (command, node) => {
        const down = nodes.errorOf(node);
        return down === undefined
          ? unavailable(name, link, command)
          : downError(
              name,
              command,
              `the node ${node}: ${down.failures} tries to connect failed`,
              down.cause,
            );
      },
      moved: (command, error) => movedError(name, command, error),
    });
    // Its options are looked at now, not with the first lease.
    exclusiveLane({
      options,
      counters,
      of: '',
      makeClient: options.makeClient,
      unavailable: () => undefined,
    }).close();
  }

  get only(): Pool<Redis> {
    if (this.#pool !== undefined) return this.#pool;
    throw new TypeError(
      `RedisLanes "${this.#name}": a connection of a Cluster belongs to one node; say which by a key: exclusiveFor(key)`,
    );
  }

  for(key: string | Buffer): ExclusiveLane {
    if (this.#cluster !== undefined) return this.#cluster.for(key);
    if (typeof key !== 'string' && !Buffer.isBuffer(key)) {
      throw new TypeError(
        `RedisLanes.exclusiveFor: the key must be a string or a Buffer, received ${typeof key}`,
      );
    }
    return this.only;
  }

  stats(): { exclusiveInUse: number; exclusiveWaiting: number } {
    let exclusiveInUse = 0;
    let exclusiveWaiting = 0;
    for (const pool of this.#pools) {
      const { inUse, waiting } = pool.stats();
      exclusiveInUse += inUse;
      exclusiveWaiting += waiting;
    }
    return { exclusiveInUse, exclusiveWaiting };
  }

  async drain(timeoutMs: number): Promise<void> {
    await Promise.all([this.#pool?.drain({ timeoutMs }), this.#cluster?.drain(timeoutMs)]);
  }

  get #pools(): Pool<Redis>[] {
    return this.#pool === undefined ? (this.#cluster?.pools ?? []) : [this.#pool];
  }
}
