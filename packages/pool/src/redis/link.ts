import { type Clock, type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import { cut } from './clients.js';
import type { RedisClient } from './redis-options.js';
import { pauseMs, type RetrySettings } from './retry-schedule.js';

/**
 * idle: not asked for yet. connecting: the first try. up. retrying: lost or never had, and being tried. down: all tries failed,
 * and it is tried slowly. closed: given up, or closed.
 */
export type LinkState = 'idle' | 'connecting' | 'up' | 'retrying' | 'down' | 'closed';

export interface LinkOptions<C extends RedisClient> {
  client: C;
  retry: RetrySettings;
  /** For a try as a whole: a server that accepts and says nothing must not hold it up. */
  connectTimeoutMs: number;
  clock: Clock;
  random: () => number;
  /** Before each try: says where to, for example. */
  beforeTry?: (() => void) | undefined;
  /** Whether the first try after a loss goes somewhere else, so that it need not wait. */
  elsewhere?: (() => boolean) | undefined;
  changed: (state: LinkState, before: LinkState) => void;
}

/** The most of a pause where the next try goes somewhere else. */
const ELSEWHERE_MS = 100;

/** One client and its supervision: ioredis never connects by itself here. A Cluster is lost when none of its nodes is left. */
export class Link<C extends RedisClient = RedisClient> {
  state: LinkState = 'idle';
  /** Failed tries in a row. */
  failures = 0;
  lastError: unknown;
  /** Since when it has not been up, in the clock's milliseconds. */
  lostAt: number;
  readonly client: C;
  readonly #options: LinkOptions<C>;
  readonly #deadlines: DeadlineQueue;
  #trying = false;
  #suspected = false;
  #pause: Deadline | undefined;

  constructor(options: LinkOptions<C>) {
    this.#options = options;
    this.client = options.client;
    this.#deadlines = deadlinesOf(options.clock);
    this.lostAt = options.clock.now();
    // Always heard: without a listener an error of a connection would end the process.
    const emitter = this.client as NodeJS.EventEmitter;
    emitter.on('error', (error: unknown) => {
      // A Cluster says that all nodes failed, and inside of that why.
      this.lastError = (error as { lastNodeError?: unknown }).lastNodeError ?? error;
    });
    emitter.on('end', () => this.#ended());
  }

  /** Connects for the first time; does nothing later. */
  start(): void {
    if (this.state !== 'idle') return;
    this.#become('connecting');
    this.#try();
  }

  /** The server does not answer: a new connection is better than this one. */
  suspect(error?: unknown): void {
    if (this.state !== 'up' || this.#suspected) return;
    this.#suspected = true;
    this.lastError = error ?? this.lastError;
    cut(this.client);
  }

  close(): void {
    this.#pause?.cancel();
    this.#become('closed');
    cut(this.client);
  }

  #try(): void {
    const { connectTimeoutMs, client, beforeTry } = this.#options;
    this.#trying = true;
    this.#pause = undefined;
    /** What comes later is of no interest: a Cluster does not settle every try that is cut. */
    let over = false;
    const settle = (then: () => void): void => {
      if (over) return;
      over = true;
      deadline.cancel();
      this.#trying = false;
      then();
    };
    const deadline = this.#deadlines.add(
      connectTimeoutMs,
      () => {
        this.lastError = new Error(`no connection within ${connectTimeoutMs} ms`);
        cut(client);
        settle(() => this.#failed());
      },
      { keepAlive: false },
    );
    beforeTry?.();
    client.connect().then(
      () => settle(() => this.#succeeded()),
      (error: unknown) =>
        settle(() => {
          // ioredis says why in an event, and here only that it is closed.
          this.lastError ??= error;
          this.#failed();
        }),
    );
  }

  #succeeded(): void {
    if (this.state === 'closed') return;
    this.failures = 0;
    this.#become('up');
  }

  #ended(): void {
    if (this.#trying || this.state !== 'up') return;
    this.#failed();
  }

  #failed(): void {
    if (this.state === 'closed') return;
    const { retry, random, clock, elsewhere } = this.#options;
    const wasUp = this.state === 'up';
    if (wasUp) this.lostAt = clock.now();
    this.failures += 1;
    const hopeless = this.failures > retry.tries;
    if (hopeless && retry.giveUp) {
      this.#become('down');
      this.#become('closed');
      return;
    }
    const jitter = random();
    const moves = wasUp && elsewhere?.() === true;
    const pause = moves ? ELSEWHERE_MS * jitter : pauseMs(retry, this.failures, jitter);
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
