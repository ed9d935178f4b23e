import { type Clock, deadlinesOf } from '@mainstay/core';
import { onConnectionNews } from './connection-news.js';
import type { RedisClient } from './redis-client.js';

/** In which a connection may come by itself. `end` is none of them. */
const hopeful: readonly string[] = ['wait', 'connecting', 'connect', 'close', 'reconnecting'];

/**
 * The moments in which a client connects: at first, and after it lost a connection. A process that cannot ask Redis may know nothing that it
 * could go on from, so it waits for the connection, once an outage, no longer than for a command, and not after Redis has refused.
 */
export class Arrival {
  readonly #client: RedisClient;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #leave: () => void;
  /** Nobody has waited yet since the client was made, or was last ready. */
  #unused = true;
  #waiting: Promise<void> | undefined;

  constructor(client: RedisClient, timeoutMs: number, clock: Clock) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#leave = onConnectionNews(client, (news) => {
      if (news === 'ready') this.#unused = true;
    });
  }

  /** What to wait for; undefined when there is nothing to wait for, or no hope. */
  get waiting(): Promise<void> | undefined {
    const { status } = this.#client;
    if (status === 'ready') return undefined;
    if (this.#unused && hopeful.includes(status)) {
      this.#unused = false;
      this.#waiting = this.#wait(status === 'wait');
    }
    return this.#waiting;
  }

  close(): void {
    this.#leave();
  }

  #wait(lazy: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting = undefined;
        deadline.cancel();
        leave();
        resolve();
      };
      const deadline = deadlinesOf(this.#clock).add(this.#timeoutMs, done);
      const leave = onConnectionNews(this.#client, done);
      // A client made with `lazyConnect` waits to be asked.
      if (lazy) connect(this.#client).then(undefined, done);
    });
  }
}

/** Turns what a client throws into a rejection. */
async function connect(client: RedisClient): Promise<unknown> {
  return client.connect();
}
