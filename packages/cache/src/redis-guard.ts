import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { type Clock, type DeadlineQueue, deadlinesOf, type Histogram } from '@mainstay/core';
import { isReady, type RedisClient } from './redis-client.js';

/** What {@link RedisGuard.attempt} resolves with when Redis was not asked or did not answer in time. */
export const UNAVAILABLE = Symbol('unavailable');
export type Attempt<T> = T | typeof UNAVAILABLE;

const CONSECUTIVE_FAILURES = 3;
/** One PING a second, later one in five, is what an outage costs. */
const OPEN_MS = 1_000;
const MAX_OPEN_MS = 5_000;
const CONNECTING = new Set(['wait', 'connecting', 'connect']);

export interface RedisCounters {
  /** Commands that were sent and waited for. */
  redisRoundTrips: number;
  redisErrors: number;
  redisTimeouts: number;
  redisSkipped: number;
}

export interface GuardListener {
  away(error: unknown): void;
  up(): void;
}

export interface GuardOptions {
  name: string;
  client: RedisClient;
  /** Asks for as little as can be. */
  ping: () => Promise<unknown>;
  /** Told when Redis did not answer it. */
  silent?: () => void;
  timeoutMs: number;
  clock: Clock;
  listener: GuardListener;
  /** Of all guards of one cache. */
  counters: RedisCounters;
  latency: Histogram | undefined;
}

/**
 * Bounds what one Redis server may cost. A command is sent only while the connection is ready (never into the client's offline
 * queue) and the circuit closed, and is waited for no longer than the timeout. Whether the server works again is found out by a
 * PING in the background, so that no caller pays for the probe. Never rejects.
 */
export class RedisGuard {
  readonly #options: GuardOptions;
  readonly #client: RedisClient;
  readonly #clock: Clock;
  readonly #deadlines: DeadlineQueue;
  readonly #breaker: CircuitBreaker;
  #announcedAway = false;
  #connecting = false;
  #lastFailureAt = Number.NEGATIVE_INFINITY;

  constructor(options: GuardOptions) {
    const { name, client, clock } = options;
    this.#options = options;
    this.#client = client;
    this.#clock = clock;
    this.#deadlines = deadlinesOf(clock);
    this.#breaker = new CircuitBreaker({
      name: `${name} redis`,
      consecutiveFailures: CONSECUTIVE_FAILURES,
      openMs: OPEN_MS,
      openBackoff: { factor: 2, maxMs: MAX_OPEN_MS },
      halfOpen: { probes: 1, successThreshold: 1 },
      clock,
    });
  }

  /** For `stats()`: changes nothing. */
  get up(): boolean {
    return isReady(this.#client) && this.#breaker.state === 'closed';
  }

  get breakerState(): 'closed' | 'open' | 'half-open' {
    const { state } = this.#breaker;
    return state === 'isolated' ? 'open' : state;
  }

  /** Whether a command would be sent now. If not, it sees to it that we hear of it when Redis is back. */
  available(): boolean {
    if (!isReady(this.#client)) {
      this.#connect();
      // A client that is about to connect for the first time is no news.
      if (!CONNECTING.has(this.#client.status)) this.#announceAway(undefined);
      return false;
    }
    if (this.#breaker.state === 'closed') {
      this.#announceUp();
      return true;
    }
    this.#probe();
    return false;
  }

  /** Resolves with the answer, or with `UNAVAILABLE`; never rejects. A late answer is dropped. */
  attempt<T>(send: () => Promise<T>, timeoutMs = this.#options.timeoutMs): Promise<Attempt<T>> {
    if (!this.available()) {
      this.#options.counters.redisSkipped += 1;
      return Promise.resolve(UNAVAILABLE);
    }
    return this.#send(send, timeoutMs);
  }

  #send<T>(send: () => Promise<T>, timeoutMs: number): Promise<Attempt<T>> {
    const permit = this.#breaker.tryAcquire();
    if (permit === undefined) return Promise.resolve(UNAVAILABLE);
    const { counters, latency } = this.#options;
    const startedAt = this.#clock.now();
    counters.redisRoundTrips += 1;
    return new Promise((resolve) => {
      let open = true;
      const fail = (error: unknown): void => {
        open = false;
        // What was already under way when the last failure was counted tells nothing new: it hangs on the same outage.
        if (startedAt >= this.#lastFailureAt) {
          this.#lastFailureAt = this.#clock.now();
          permit.failure(error);
        } else permit.ignore();
        if (!this.up) this.#announceAway(error);
        resolve(UNAVAILABLE);
      };
      const expire = (): void => {
        if (!open) return;
        counters.redisTimeouts += 1;
        fail(new Error(`Redis did not answer within ${timeoutMs} ms`));
      };
      // When this process was busy, the answer may lie in the socket unread: one more turn of the loop reads it.
      const deadline = this.#deadlines.add(timeoutMs, () => setImmediate(expire));
      sendSafely(send).then(
        (answer) => {
          if (!open) return;
          open = false;
          deadline.cancel();
          permit.success();
          latency?.record(Math.max(0, this.#clock.now() - startedAt));
          resolve(answer);
        },
        (error: unknown) => {
          if (!open) return;
          deadline.cancel();
          counters.redisErrors += 1;
          fail(error);
        },
      );
    });
  }

  #probe(): void {
    const permit = this.#breaker.tryAcquire();
    if (permit === undefined) return;
    let open = true;
    const end = (error?: unknown): void => {
      if (!open) return;
      open = false;
      deadline.cancel();
      if (error === undefined) permit.success();
      else {
        permit.failure(error);
        this.#options.silent?.();
      }
      if (this.up) this.#announceUp();
    };
    const deadline = this.#deadlines.add(
      this.#options.timeoutMs,
      () => setImmediate(end, new Error('Redis did not answer a PING')),
      { keepAlive: false },
    );
    sendSafely(this.#options.ping).then(
      () => end(),
      (error: unknown) => end(error ?? new Error('PING failed')),
    );
  }

  /** A client made with `lazyConnect` waits to be asked. */
  #connect(): void {
    if (this.#client.status !== 'wait' || this.#connecting) return;
    this.#connecting = true;
    const done = (): void => {
      this.#connecting = false;
    };
    sendSafely(() => this.#client.connect()).then(done, done);
  }

  #announceAway(error: unknown): void {
    if (this.#announcedAway) return;
    this.#announcedAway = true;
    this.#options.listener.away(error ?? new Error(`The Redis client is "${this.#client.status}"`));
  }

  #announceUp(): void {
    if (!this.#announcedAway) return;
    this.#announcedAway = false;
    this.#options.listener.up();
  }
}

/** A client that throws instead of rejecting is a client that failed. */
async function sendSafely<T>(send: () => Promise<T>): Promise<T> {
  return send();
}
