import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { Events, type Listener } from '@mainstay/core';
import { type Cluster, Redis as InstalledRedis, type Redis } from 'ioredis';
import type { Pool } from '../pool.js';
import { type ExclusiveLane, ExclusiveLanes } from './exclusive-lanes.js';
import type { GateCounters } from './gate.js';
import type { LinkState } from './link.js';
import { pingAll } from './ping.js';
import {
  type CheckedRedisLanesOptions,
  type RedisClient,
  type RedisClusterLanesOptions,
  type RedisLanesOptions,
  readRedisLanesOptions,
} from './redis-options.js';
import { connectionTo, type SharedConnection } from './shared-connection.js';
import type { Subscriber } from './subscriber.js';
import { SubscriberConnection } from './subscriber-connection.js';

export interface RedisLanesEvents {
  /** All tries failed: commands fail at once from now on. Of a Cluster: no node is left. */
  down: { error: unknown };
  /** A connection is there again, after `down`. */
  up: { downForMs: number };
  /** The shared connection was lost, and is being tried. */
  lost: { error: unknown };
  /** The subscriber was away: messages of that time are lost. */
  gap: { awayForMs: number };
  /** All tries for a node of a Cluster (`host:port`) failed, and it is still one that should be there. */
  nodeDown: { node: string; error: unknown };
  /** It is there again, or the Cluster does without it. */
  nodeUp: { node: string };
}

export interface RedisLanesStats extends Readonly<GateCounters> {
  /** Of the shared lane: see `LinkState`. */
  readonly state: LinkState;
  readonly subscriberState: LinkState;
  /** Passed on and not answered, on the shared lane. */
  readonly inFlight: number;
  /** Waiting for a connection, on the shared lane. */
  readonly parked: number;
  /** Failed tries in a row. */
  readonly failures: number;
  /** How often it was marked down. */
  readonly downs: number;
  /** How often the shared lane connected. */
  readonly connects: number;
  readonly downForMs: number;
  readonly subscriptions: number;
  /** Of the exclusive lane; its pool's own `stats()` has more. */
  readonly exclusiveInUse: number;
  readonly exclusiveWaiting: number;
  /** Masters of a Cluster, and how many of its nodes are marked down; 0 for one server. */
  readonly masters: number;
  readonly nodesDown: number;
}

class Lanes<C extends RedisClient> implements AsyncDisposable {
  readonly kind = 'redis-lanes';
  readonly name: string;
  readonly subscriber: Subscriber;
  /** Held open while the server is marked down: for whoever wants to ask before he begins. */
  readonly breaker: CircuitBreaker;
  readonly #options: CheckedRedisLanesOptions;
  readonly #shared: SharedConnection<C>[];
  readonly #subscriber: SubscriberConnection;
  readonly #exclusive: ExclusiveLanes;
  readonly #counters: GateCounters = { commands: 0, commandTimeouts: 0, interrupted: 0, refused: 0 };
  readonly #events = new Events<RedisLanesEvents>();
  #downs = 0;
  #connects = 0;
  #markedDown = false;

  /** Connects at once, in the background. @throws TypeError, RangeError when an option is wrong */
  constructor(options: RedisLanesOptions | RedisClusterLanesOptions = {}) {
    this.#options = readRedisLanesOptions(options, InstalledRedis);
    const { name, clock, sharedConnections } = this.#options;
    this.name = name;
    this.breaker = new CircuitBreaker({ name, clock });
    this.#shared = Array.from({ length: sharedConnections }, (_, index) => this.#connect(index));
    this.#subscriber = new SubscriberConnection({
      ...{ options: this.#options, counters: this.#counters, shared: this.#first.link.client },
      gap: (awayForMs) => this.#events.emit('gap', { awayForMs }),
    });
    this.subscriber = this.#subscriber.subscriber;
    this.#exclusive = new ExclusiveLanes(this.#options, this.#counters, this.#first);
    for (const { link } of this.#shared) link.start();
  }

  /** For everything that neither blocks nor changes the connection: an ioredis client, the one with the least to do. */
  get shared(): C {
    let best = this.#first;
    for (const candidate of this.#shared) {
      const isBetter = candidate.gate.inFlight < best.gate.inFlight || best.link.state !== 'up';
      if (candidate.link.state === 'up' && isBetter) best = candidate;
    }
    return best.link.client;
  }

  /** A pool: `use`, `acquire`, and so on. A connection comes back as new. @throws TypeError with a Cluster: `exclusiveFor(key)` */
  get exclusive(): Pool<Redis> {
    return this.#exclusive.only;
  }

  /** Connections to the node that holds the key; with one server, its pool. @throws TypeError */
  exclusiveFor(key: string | Buffer): ExclusiveLane {
    return this.#exclusive.for(key);
  }

  get state(): LinkState {
    return this.#first.link.state;
  }

  /** For health checks; of a Cluster each master is asked. @throws RedisDownError, RedisCommandTimeoutError, RedisOfflineError */
  async ping(): Promise<void> {
    await pingAll(this.shared, this.#options);
  }

  /** @returns removes the listener */
  on<K extends keyof RedisLanesEvents>(event: K, listener: Listener<RedisLanesEvents[K]>): () => void {
    return this.#events.on(event, listener);
  }

  stats(): RedisLanesStats {
    const { link, nodes } = this.#first;
    const sum = (pick: (connection: SharedConnection) => number) =>
      this.#shared.reduce((total, connection) => total + pick(connection), 0);
    return {
      state: link.state,
      subscriberState: this.#subscriber.state,
      inFlight: sum(({ gate }) => gate.inFlight),
      parked: sum(({ gate, ready }) => gate.parked + (ready?.size ?? 0)),
      failures: link.failures,
      downs: this.#downs,
      connects: this.#connects,
      downForMs: this.#markedDown ? this.#options.clock.now() - link.lostAt : 0,
      subscriptions: this.subscriber.subscriptions,
      ...this.#exclusive.stats(),
      masters: nodes?.masters ?? 0,
      nodesDown: nodes?.down.length ?? 0,
      ...this.#counters,
    };
  }

  /** Ends all lanes: holders of exclusive connections have `timeoutMs` (default 5,000), commands on their way fail. */
  async close(options: { timeoutMs?: number | undefined } = {}): Promise<void> {
    await this.#exclusive.drain(options.timeoutMs ?? 5_000);
    for (const { link, nodes } of this.#shared) {
      nodes?.close();
      link.close();
    }
    this.#subscriber.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #first(): SharedConnection<C> {
    return this.#shared[0] as SharedConnection<C>;
  }

  #connect(index: number): SharedConnection<C> {
    const { cluster, makeCluster, makeClient } = this.#options;
    const isFirst = index === 0;
    return connectionTo((cluster === undefined ? makeClient() : makeCluster()) as C, {
      ...{ options: this.#options, counters: this.#counters, shared: true },
      changed: (state, before) => isFirst && this.#changed(state, before),
      nodeChanged: (node, state, error) => {
        if (!isFirst) return;
        if (state === 'down') this.#events.emit('nodeDown', { node, error });
        else this.#events.emit('nodeUp', { node });
      },
    });
  }

  #changed(state: LinkState, before: LinkState): void {
    const { link } = this.#first;
    const { clock } = this.#options;
    if (state === 'up') this.#connects += 1;
    if (state === 'retrying' && before === 'up') this.#events.emit('lost', { error: link.lastError });
    if (state === 'down' && !this.#markedDown) {
      this.#markedDown = true;
      this.#downs += 1;
      this.breaker.isolate();
      this.#events.emit('down', { error: link.lastError });
    }
    if (state === 'up' && this.#markedDown) {
      this.#markedDown = false;
      this.breaker.release();
      this.#events.emit('up', { downForMs: clock.now() - link.lostAt });
    }
  }
}

interface RedisLanesConstructor {
  new (options?: RedisLanesOptions): RedisLanes<Redis>;
  new (options: RedisClusterLanesOptions): RedisLanes<Cluster>;
  new (options: RedisLanesOptions | RedisClusterLanesOptions): RedisLanes<Redis | Cluster>;
  readonly prototype: RedisLanes<RedisClient>;
}

/**
 * One Redis server or Cluster over three lanes, so that nobody blocks anybody: `shared` for ordinary commands, `exclusive` for what
 * needs a connection of its own, `subscriber` for channels. All are ioredis clients (5 or 6), with every method and pipelines.
 */
export type RedisLanes<C extends RedisClient = Redis> = Lanes<C>;
export const RedisLanes: RedisLanesConstructor = Lanes;
Object.defineProperty(Lanes, 'name', { value: 'RedisLanes' });
