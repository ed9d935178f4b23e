import { abortable, type Clock } from '@mainstay/core';
import { type Cluster, Command, type Redis } from 'ioredis';
import type { AcquireOptions } from '../acquire-options.js';
import { isPoolClosedError, PoolClosedError } from '../errors.js';
import type { Lease } from '../lease.js';
import type { Pool } from '../pool.js';
import { addressOf } from './clients.js';
import type { ClusterNodes } from './cluster-nodes.js';
import { type ExclusiveHost, exclusiveLane, isLost } from './exclusive.js';
import type { CheckedRedisLanesOptions } from './redis-options.js';

/** What a node that is no master any more gives its holders to come to an end. */
const LEAVING_MS = 5_000;

/** A key's node and its connections. `Pool` is one: what one server has. */
export interface ExclusiveLane {
  acquire(options?: AcquireOptions): Promise<Lease<Redis>>;
  use<T>(
    fn: (client: Redis, context: { signal: AbortSignal | undefined }) => T | PromiseLike<T>,
    options?: AcquireOptions,
  ): Promise<T>;
}

export interface ClusterExclusiveOptions extends Pick<ExclusiveHost, 'counters'> {
  options: CheckedRedisLanesOptions;
  cluster: Cluster;
  nodes: ClusterNodes;
  /** Resolves when it is known which node holds what. Rejects when that is not to be hoped for, or in time. */
  ready: (command: string) => Promise<void>;
  /** Why no connection to the node can be had now. */
  unavailable: (command: string, node: string) => Error | undefined;
  moved: (command: string, error: Error) => Error;
}

/** The exclusive lane of a Cluster: a connection belongs to one node, so there is a pool for each that was asked for. */
export class ClusterExclusive {
  readonly #options: ClusterExclusiveOptions;
  readonly #pools = new Map<string, Pool<Redis>>();
  /** Of nodes that are no masters any more, until their holders have ended. */
  readonly #leaving = new Set<Pool<Redis>>();
  #refreshing: Promise<void> | undefined;
  #closed = false;

  constructor(options: ClusterExclusiveOptions) {
    this.#options = options;
    options.cluster.on('refresh', () => this.#dismiss());
  }

  get pools(): Pool<Redis>[] {
    return [...this.#pools.values(), ...this.#leaving];
  }

  /** The connections to the node that holds the key. @throws TypeError */
  for(key: string | Buffer): ExclusiveLane {
    const slot = this.#slotOf(key);
    return {
      acquire: (options = {}) => this.#acquire(slot, options),
      use: async (fn, options = {}) => {
        const lease = await this.#acquire(slot, options);
        const { resource } = lease;
        try {
          const result = await fn(resource, { signal: options.signal });
          lease.release();
          return result;
        } catch (error) {
          if (isLost(error, resource)) lease.destroy(error);
          else lease.release();
          throw error;
        }
      },
    };
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#closed = true;
    await Promise.all(this.pools.map((pool) => pool.drain({ timeoutMs })));
  }

  async #acquire(slot: number, given: AcquireOptions): Promise<Lease<Redis>> {
    const { clock, exclusive } = this.#options.options;
    const timeoutMs = given.timeoutMs ?? exclusive.acquireTimeoutMs ?? 10_000;
    const since = clock.now();
    for (;;) {
      given.signal?.throwIfAborted();
      const pool = await abortable(this.#poolOf(slot), given.signal);
      const left = timeoutMs === 0 ? 0 : Math.max(1, timeoutMs - elapsed(clock, since));
      try {
        return await pool.acquire({ ...given, timeoutMs: left });
      } catch (error) {
        // The node has ceased to be a master while this waited: another one has the key now.
        const isOver = timeoutMs > 0 && elapsed(clock, since) >= timeoutMs;
        if (!isPoolClosedError(error) || this.#closed || isOver) throw error;
      }
    }
  }

  async #poolOf(slot: number): Promise<Pool<Redis>> {
    const { cluster, ready, options } = this.#options;
    if (this.#closed) throw new PoolClosedError(`${options.name} exclusive`);
    await ready('connect');
    await this.#refreshing;
    const address = cluster.slots[slot]?.[0];
    const node = cluster.nodes().find((candidate) => addressOf(candidate) === address);
    const named = node === undefined ? address : addressOf(node);
    if (named === undefined) throw new Error(`Redis "${options.name}": no node holds the slot ${slot}`);
    const pool = this.#pools.get(named);
    return pool ?? this.#open(named, node);
  }

  #open(address: string, node: Redis | undefined): Pool<Redis> {
    const { options, counters, nodes, unavailable } = this.#options;
    const at = address.lastIndexOf(':');
    const settings = node?.options ?? { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
    const pool = exclusiveLane({
      ...{ options, counters, of: ` ${address}` },
      makeClient: () => options.makeClient(settings),
      unavailable: (command) => unavailable(command, address),
      failed: () => nodes.refresh(),
      translate: (command, error) => this.#translate(command, error),
    });
    this.#pools.set(address, pool);
    return pool;
  }

  #translate(command: string, error: Error): unknown {
    if (!/^(MOVED|ASK) /.test(error.message)) return error;
    const { cluster, moved } = this.#options;
    // Whoever comes next waits for the answer.
    this.#refreshing ??= new Promise((resolve) => {
      cluster.refreshSlotsCache(() => {
        this.#refreshing = undefined;
        resolve();
      });
    });
    return moved(command, error);
  }

  #dismiss(): void {
    const masters = new Set(this.#options.cluster.nodes('master').map(addressOf));
    for (const [address, pool] of this.#pools) {
      if (masters.has(address)) continue;
      this.#pools.delete(address);
      this.#leaving.add(pool);
      pool.drain({ timeoutMs: LEAVING_MS }).finally(() => this.#leaving.delete(pool));
    }
  }

  #slotOf(key: string | Buffer): number {
    if (typeof key !== 'string' && !Buffer.isBuffer(key)) {
      throw new TypeError(
        `RedisLanes.exclusiveFor: the key must be a string or a Buffer, received ${typeof key}`,
      );
    }
    const { keyPrefix } = this.#options.options;
    return new Command('get', [key], { keyPrefix }).getSlot() ?? 0;
  }
}

const elapsed = (clock: Clock, since: number): number => clock.now() - since;
