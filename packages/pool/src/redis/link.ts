import { type Clock, type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import type { Redis } from 'ioredis';
import { cut } from './cut.js';
import { pauseMs, type RetrySettings } from './retry-schedule.js';

/**
 * idle: not asked for yet. connecting: the first try. up. retrying: lost or never had, and being tried. down: all tries failed,
 * and it is tried slowly. closed: given up, or closed.
 */
export type LinkState = 'idle' | 'connecting' | 'up' | 'retrying' | 'down' | 'closed';

export interface LinkOptions {
  client: Redis;
  retry: RetrySettings;
  /** For a try as a whole: a server that accepts and says nothing must not hold it up. */
  connectTimeoutMs: number;
  clock: Clock;
  random: () => number;
  changed: (state: LinkState, before: LinkState) => void;
}

/** One connection and its supervision: ioredis never connects by itself here. */
export class Link {
  state: LinkState = 'idle';
  /** Failed tries in a row. */
  failures = 0;
  lastError: unknown;
  /** Since when it has not been up, in the clock's milliseconds. */
  lostAt: number;
  readonly client: Redis;
  readonly #options: LinkOptions;
  readonly #deadlines: DeadlineQueue;
  #trying = false;
  #suspected = false;
  #pause: Deadline | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.client = options.client;
    this.#deadlines = deadlinesOf(options.clock);
    this.lostAt = options.clock.now();
    // Always heard: without a listener an error of a connection would end the process.
    this.client.on('error', (error) => {
      this.lastError = error;
    });
    this.client.on('end', () => this.#ended());
  }

  /** Connects for the first time; does nothing later. */
  start(): void {
    if (this.state !== 'idle') return;
    this.#become('connecting');
    this.#try();
  }

  /** The server does not answer: a new connection is better than this one. */
  suspect(): void {
    if (this.state !== 'up' || this.#suspected) return;
    this.#suspected = true;
    cut(this.client);
  }

  close(): void {
    this.#pause?.cancel();
    this.#become('closed');
    cut(this.client);
  }

  #try(): void {
    const { connectTimeoutMs, client } = this.#options;
    this.#trying = true;
    this.#pause = undefined;
    const deadline = this.#deadlines.add(
      connectTimeoutMs,
      () => {
        this.lastError = new Error(`no connection within ${connectTimeoutMs} ms`);
        cut(client);
      },
      { keepAlive: false },
    );
    client.connect().then(
      () => {
        deadline.cancel();
        this.#trying = false;
        if (this.state === 'closed') return;
        this.failures = 0;
        this.#become('up');
      },
      (error: unknown) => {
        deadline.cancel();
        this.#trying = false;
        // ioredis says why in an event, and here only that it is closed.
        this.lastError ??= error;
        this.#failed();
      },
    );
  }

  #ended(): void {
    if (this.#trying || this.state !== 'up') return;
    this.#failed();
  }

  #failed(): void {
    if (this.state === 'closed') return;
    const { retry, random, clock } = this.#options;
    if (this.state === 'up') this.lostAt = clock.now();
    this.failures += 1;
    const hopeless = this.failures > retry.tries;
    if (hopeless && retry.giveUp) {
      this.#become('down');
      this.#become('closed');
      return;
    }
    const pause = pauseMs(retry, this.failures, random());
    this.#pause = this.#deadlines.add(pause, () => this.#try(), { keepAlive: false });
    this.#become(hopeless ? 'down' : 'retrying');
  }

  #become(state: LinkState): void {
    const before = this.state;
    if (before === state || before === 'closed') return;
    this.state = state;
    if (state === 'up') {
      this.lastError = undefined;
      this.#suspected = false;
    }
    this.#options.changed(state, before);
  }
}
