import { type Clock, deadlinesOf } from '@mainstay/core';
import { onConnectionNews } from './connection-news.js';
import type { RedisClient } from './redis-client.js';

/**
 * The first moments of a client that has just been made. A process that never asked Redis knows nothing that it could go on from: it waits
 * for the connection, once and no longer than for a command, instead of giving out a quota that others have used.
 */
export class Arrival {
  readonly #client: RedisClient;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #over = false;
  #waiting: Promise<void> | undefined;

  constructor(client: RedisClient, timeoutMs: number, clock: Clock) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /** What to wait for; undefined when that is over. */
  get waiting(): Promise<void> | undefined {
    if (this.#over) return undefined;
    const { status } = this.#client;
    if (status === 'wait' || status === 'connecting' || status === 'connect') {
      this.#waiting ??= this.#wait(status === 'wait');
      return this.#waiting;
    }
    this.#over = this.#waiting === undefined;
    return this.#waiting;
  }

  #wait(lazy: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#over = true;
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
