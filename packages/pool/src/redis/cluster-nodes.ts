import { type Clock, type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import type { Cluster, Redis } from 'ioredis';
import { addressOf, cut } from './clients.js';
import { CONNECTION_ENDED, type Passage } from './passage.js';
import { pauseMs, type RetrySettings } from './retry-schedule.js';
import { Wire } from './wire.js';

/** At most so often the nodes are asked which of them holds what, on account of those that cannot be reached. */
const REFRESH_EVERY_MS = 1_000;

export interface ClusterNodesOptions {
  name: string;
  cluster: Cluster;
  clock: Clock;
  retry: RetrySettings;
  connectTimeoutMs: number;
  random: () => number;
  sent: (passage: Passage, sent: boolean) => void;
  /** As many commands wait as may. */
  crowded: (passage: Passage) => Error | undefined;
  /** Why commands for a node that is marked down fail. */
  downError: (passage: Passage, node: string, failures: number, cause: unknown) => Error;
  changed: (node: string, state: 'down' | 'up', error: unknown) => void;
  /** No node is connected, and none answers. */
  lost: (error: unknown) => void;
}

/** What is known about a node beyond the life of one connection. */
interface NodeRecord {
  /** Failed tries in a row. */
  failures: number;
  /** Runs out when it may be tried again; with `giveUp` never. */
  pause: Deadline | undefined;
  paused: boolean;
  down: boolean;
  lastError: unknown;
}

/**
 * The connections of a Cluster to its nodes. ioredis would dial a dead one for every command that it has for it; here each node is
 * tried on the schedule that a single server is tried on, while the other nodes go on.
 */
export class ClusterNodes {
  readonly #options: ClusterNodesOptions;
  readonly #deadlines: DeadlineQueue;
  readonly #records = new Map<string, NodeRecord>();
  readonly #watched = new WeakSet<Redis>();
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: ClusterNodesOptions) {
    this.#options = options;
    this.#deadlines = deadlinesOf(options.clock);
    const { cluster } = options;
    cluster.on('+node', (node: Redis) => this.#watch(node));
    cluster.on('ready', () => this.#connectMasters());
  }

  get masters(): number {
    return this.#options.cluster.nodes('master').length;
  }

  /** Nodes that all tries failed for, while the others go on. */
  get down(): string[] {
    return [...this.#records].filter(([, { down }]) => down).map(([address]) => address);
  }

  errorOf(address: string): { failures: number; cause: unknown } | undefined {
    const record = this.#records.get(address);
    return record?.down === true ? { failures: record.failures, cause: record.lastError } : undefined;
  }

  /** The Cluster as a whole is tried: each of its nodes may be. What is marked down is so until it is there again. */
  forgive(): void {
    for (const [address, record] of this.#records) {
      record.pause?.cancel();
      record.paused = false;
      if (!record.down) this.#records.delete(address);
    }
  }

  close(): void {
    this.#closed = true;
    this.forgive();
  }

  /** Looks which node holds what now, unless that was done a moment ago. */
  refresh(): void {
    const { cluster, clock } = this.#options;
    const now = clock.now();
    if (cluster.status !== 'ready' || now - this.#refreshedAt < REFRESH_EVERY_MS) return;
    this.#refreshedAt = now;
    cluster.refreshSlotsCache((error) => this.#refreshed(error));
  }

  #record(address: string): NodeRecord {
    let record = this.#records.get(address);
    if (record === undefined) {
      record = { failures: 0, pause: undefined, paused: false, down: false, lastError: undefined };
      this.#records.set(address, record);
    }
    return record;
  }

  #watch(node: Redis): void {
    // One that changes its role is the same one.
    if (this.#watched.has(node)) return;
    this.#watched.add(node);
    const address = addressOf(node);
    const fate = { isMeant: false, isCut: false };
    const { disconnect } = node;
    node.disconnect = (reconnect) => {
      if (reconnect !== true && !fate.isCut) fate.isMeant = true;
      disconnect.call(node, reconnect);
    };
    // Each of its commands that is overdue may say so.
    const end = (): void => {
      if (fate.isCut) return;
      fate.isCut = true;
      cut(node);
    };
    node.on('error', (error) => {
      this.#record(address).lastError = error;
    });
    node.on('connecting', () => this.#limitTry(node, address, end));
    node.on('ready', () => this.#succeeded(address));
    node.on('end', () => (fate.isMeant ? this.#left(address) : this.#failed(address)));
    this.#wire(node, address, end);
    if (this.#options.cluster.status === 'ready') this.#connect(node);
  }

  #wire(node: Redis, address: string, silent: () => void): void {
    const { name, sent } = this.#options;
    const refresh = (): void => this.refresh();
    const wire = new Wire({
      ...{ name, client: node, tidy: true, sent, silent, demoted: refresh },
      refusal: (passage) => this.#refusal(node, address, passage),
    });
    (node as unknown as { sendCommand: Wire['write'] }).sendCommand = wire.write;
  }

  #refusal(node: Redis, address: string, passage: Passage): Error | undefined {
    const { crowded, downError } = this.#options;
    const record = this.#records.get(address);
    if (record?.down === true) {
      this.refresh();
      return downError(passage, address, record.failures, record.lastError);
    }
    const refused = crowded(passage);
    if (refused !== undefined) return refused;
    // Not dialed now: the Cluster looks again a little later, perhaps another node holds the key by then.
    return record?.paused === true && node.status === 'wait' ? new Error(CONNECTION_ENDED) : undefined;
  }

  #connectMasters(): void {
    for (const node of this.#options.cluster.nodes('master')) this.#connect(node);
    for (const address of [...this.#records.keys()]) this.#left(address);
  }

  /** Before somebody needs it, and so that it is known whether it is there. */
  #connect(node: Redis): void {
    const { readOnly } = node.options;
    if (node.status !== 'wait' || readOnly === true || this.#records.get(addressOf(node))?.paused === true)
      return;
    node.connect().catch(() => {});
  }

  /** ioredis gives up a server that does not accept, not one that accepts and says nothing. */
  #limitTry(node: Redis, address: string, end: () => void): void {
    const { connectTimeoutMs } = this.#options;
    const deadline = this.#deadlines.add(
      connectTimeoutMs,
      () => {
        this.#record(address).lastError = new Error(`no connection within ${connectTimeoutMs} ms`);
        end();
      },
      { keepAlive: false },
    );
    const over = (): void => {
      deadline.cancel();
      node.off('ready', over);
      node.off('end', over);
    };
    node.on('ready', over);
    node.on('end', over);
  }

  #succeeded(address: string): void {
    const record = this.#records.get(address);
    if (record === undefined) return;
    record.pause?.cancel();
    this.#records.delete(address);
    if (record.down) this.#options.changed(address, 'up', undefined);
  }

  /** The Cluster has no use for it any more, or none as a master. */
  #left(address: string): void {
    const masters = this.#options.cluster.nodes('master');
    if (!masters.some((node) => addressOf(node) === address)) this.#succeeded(address);
  }

  #failed(address: string): void {
    const { retry, random, changed } = this.#options;
    if (this.#closed) return;
    const record = this.#record(address);
    record.failures += 1;
    record.paused = true;
    record.pause?.cancel();
    const isHopeless = record.failures > retry.tries;
    if (!isHopeless || !retry.giveUp) {
      const pause = pauseMs(retry, record.failures, random());
      record.pause = this.#deadlines.add(pause, () => this.#tryAgain(address), { keepAlive: false });
    }
    if (isHopeless && !record.down) {
      record.down = true;
      changed(address, 'down', record.lastError);
    }
    this.refresh();
  }

  #tryAgain(address: string): void {
    const { cluster } = this.#options;
    const record = this.#records.get(address);
    if (record === undefined || this.#closed) return;
    record.paused = false;
    if (cluster.status !== 'ready') return;
    // Whether the Cluster still counts on it, its nodes know.
    cluster.refreshSlotsCache((error) => {
      if (this.#refreshed(error)) return;
      for (const node of cluster.nodes('master')) if (addressOf(node) === address) this.#connect(node);
      this.#left(address);
    });
  }

  /**
   * ioredis counts connections that it has not opened, so that it may not notice by itself that nobody is left.
   * @returns true: nobody is
   */
  #refreshed(error: unknown): boolean {
    const { cluster, lost } = this.#options;
    if (error == null || cluster.status !== 'ready') return false;
    if (cluster.nodes().some(({ status }) => status === 'ready')) return false;
    const [first] = [...this.#records.values()]
      .map(({ lastError }) => lastError)
      .filter((one) => one !== undefined);
    lost(first ?? error);
    return true;
  }
}
