import type { Clock } from '@mainstay/core';
import { type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import type { Cluster } from 'ioredis';
import { offlineError, timeoutError } from './redis-errors.js';

interface Waiter {
  readonly command: string;
  settle(error: Error | undefined): void;
}

export interface ReadyWaitersOptions {
  name: string;
  cluster: Cluster;
  clock: Clock;
  timeoutMs: number;
  limit: number;
  /** Why waiting is in vain; undefined: it is not. */
  unavailable: (command: string) => Error | undefined;
}

/** Those who must know which node holds what before they can begin: pipelines, and leases of a key's node. */
export class ReadyWaiters {
  readonly #options: ReadyWaitersOptions;
  readonly #deadlines: DeadlineQueue;
  readonly #waiters = new Set<Waiter>();

  constructor(options: ReadyWaitersOptions) {
    this.#options = options;
    this.#deadlines = deadlinesOf(options.clock);
    const { cluster } = options;
    cluster.on('ready', () => this.#settle(() => undefined));
    // ioredis's own way to wait has no limit.
    cluster.delayUntilReady = (callback) => {
      this.wait('pipeline').then(
        () => callback(null),
        (error: Error) => callback(error),
      );
    };
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** @throws RedisCommandTimeoutError, RedisOfflineError, RedisDownError */
  async wait(command: string): Promise<void> {
    const { name, cluster, timeoutMs, limit, unavailable } = this.#options;
    const error = unavailable(command);
    if (error !== undefined) throw error;
    if (cluster.status === 'ready' && cluster.slots.length > 0) return;
    if (this.#waiters.size >= limit) throw offlineError(name, command, limit);
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        command,
        settle: (failure) => {
          deadline.cancel();
          this.#waiters.delete(waiter);
          if (failure === undefined) resolve();
          else reject(failure);
        },
      };
      const deadline = this.#deadlines.add(timeoutMs, () =>
        waiter.settle(timeoutError(name, command, timeoutMs, false)),
      );
      this.#waiters.add(waiter);
    });
  }

  /** The Cluster is marked down, or closed. */
  refuse(error: (command: string) => Error): void {
    this.#settle(error);
  }

  #settle(outcome: (command: string) => Error | undefined): void {
    for (const waiter of [...this.#waiters]) waiter.settle(outcome(waiter.command));
  }
}
