import { type Deadline, deadlinesOf } from '@mainstay/core';
import type { Cluster, ClusterNode, Redis } from 'ioredis';
import { addressOf, isCluster } from './clients.js';
import type { GateCounters } from './gate.js';
import type { LinkState } from './link.js';
import type { CheckedRedisLanesOptions, RedisClient } from './redis-options.js';
import { connectionTo, type SharedConnection } from './shared-connection.js';
import { Subscriber } from './subscriber.js';

export interface SubscriberConnectionOptions {
  options: CheckedRedisLanesOptions;
  counters: GateCounters;
  /** Of a Cluster: knows the nodes. Any of them hears every channel. */
  shared: RedisClient;
  gap: (awayForMs: number) => void;
}

/** The one connection for all subscriptions: moves to another node of a Cluster when its own one is lost. */
export class SubscriberConnection {
  readonly subscriber: Subscriber;
  readonly #options: SubscriberConnectionOptions;
  readonly #connection: SharedConnection<Redis>;
  readonly #cluster: Cluster | undefined;
  #before = false;
  #tries = 0;
  #ping: Deadline | undefined;

  constructor(options: SubscriberConnectionOptions) {
    this.#options = options;
    this.#cluster = isCluster(options.shared) ? options.shared : undefined;
    this.#connection = connectionTo(options.options.makeClient(), {
      ...{ options: options.options, counters: options.counters, shared: false },
      changed: (state) => this.#changed(state),
      nodeChanged: () => {},
      beforeTry: () => this.#chooseNode(),
      elsewhere: () => (this.#cluster?.nodes().length ?? 0) > 1,
    });
    const { link } = this.#connection;
    this.subscriber = new Subscriber(link);
    // One that has left the Cluster goes on to serve its subscribers, and hears nothing any more.
    this.#cluster?.on('-node', (node: Redis) => {
      if (addressOf(node) === addressOf(link.client)) link.suspect();
    });
  }

  get state(): LinkState {
    return this.#connection.link.state;
  }

  close(): void {
    this.#ping?.cancel();
    this.#connection.link.close();
  }

  #chooseNode(): void {
    const { cluster } = this.#options.options;
    if (cluster === undefined) return;
    const { client } = this.#connection.link;
    const last = addressOf(client);
    const known = (this.#cluster?.nodes() ?? []).map(({ options }) => options);
    const all = known.length > 0 ? known : cluster.nodes.map(optionsOf);
    const others = all.filter(({ host, port }) => `${host}:${port}` !== last);
    const candidates = others.length > 0 ? others : all;
    // ioredis reads its options whenever it connects.
    const { host, port, username, password, tls } = candidates[this.#tries % candidates.length] ?? {};
    this.#tries += 1;
    Object.assign(
      client.options,
      { host, port },
      username && { username },
      password && { password },
      tls && { tls },
    );
  }

  #changed(state: LinkState): void {
    const { link } = this.#connection;
    const { clock } = this.#options.options;
    this.#ping?.cancel();
    if (state !== 'up') return;
    this.#pingLater();
    if (this.subscriber.subscriptions === 0) return;
    const awayForMs = clock.now() - link.lostAt;
    const again = this.#before;
    this.#before = true;
    this.subscriber.restore().then(
      () => again && this.#options.gap(awayForMs),
      // It was not confirmed in time: as good as not there, so that it is tried again.
      () => link.suspect(),
    );
  }

  /** Nothing is asked on this connection, so that nobody would notice a server that says nothing any more. */
  #pingLater(): void {
    const { clock, subscriberPingMs } = this.#options.options;
    const { link } = this.#connection;
    this.#ping = deadlinesOf(clock).add(
      subscriberPingMs,
      () => {
        link.client.ping().then(
          () => this.state === 'up' && this.#pingLater(),
          // Not answered in time: the connection has been given up by then.
          () => {},
        );
      },
      { keepAlive: false },
    );
  }
}

/** ioredis's ways to name a node. */
function optionsOf(node: ClusterNode): Redis['options'] {
  if (typeof node === 'number') return { host: '127.0.0.1', port: node };
  if (typeof node === 'object') return { host: node.host ?? '127.0.0.1', port: node.port ?? 6379 };
  const { hostname, port } = new URL(node.includes('://') ? node : `redis://${node}`);
  return { host: hostname, port: Number(port) || 6379 };
}
