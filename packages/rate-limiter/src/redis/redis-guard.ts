import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { type Clock, type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import { isReady, type RedisClient } from './redis-client.js';

/** What {@link RedisGuard.attempt} resolves with when Redis was not asked or did not answer in time. */
export const UNAVAILABLE = Symbol('unavailable');

const CONSECUTIVE_FAILURES = 3;
const OPEN_MS = 500;
const MAX_OPEN_MS = 2_000;
/** How often it is looked after a Redis that is away; what was used meanwhile is told to it when it is back. */
const LOOK_EVERY_MS = 200;

export interface GuardListener {
  away(error: unknown): void;
  up(): void;
}

/**
 * Bounds what Redis may cost. A command is sent only while the connection is ready (never into the client's offline queue) and the
 * circuit closed, and is waited for no longer than the timeout. Whether Redis works again is found out in the background, by one
 * deadline and a PING at most every half second, so that no caller pays for the probe. Never rejects.
 */
export class RedisGuard {
  errors = 0;
  timeouts = 0;
  skipped = 0;
  readonly #client: RedisClient;
  readonly #clock: Clock;
  readonly #deadlines: DeadlineQueue;
  readonly #timeoutMs: number;
  readonly #listener: GuardListener;
  readonly #breaker: CircuitBreaker;
  #away = false;
  #closed = false;
  #connecting = false;
  #look: Deadline | undefined;
  #lastFailureAt = Number.NEGATIVE_INFINITY;

  constructor(name: string, client: RedisClient, timeoutMs: number, clock: Clock, listener: GuardListener) {
    this.#client = client;
    this.#clock = clock;
    this.#deadlines = deadlinesOf(clock);
    this.#timeoutMs = timeoutMs;
    this.#listener = listener;
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

  /** How long to wait before it is worth asking again. */
  get retryAfterMs(): number {
    return Math.max(LOOK_EVERY_MS, this.#breaker.retryAfterMs);
  }

  /** Whether a command would be sent now. If not, it sees to it that we hear of it when Redis is back. */
  available(): boolean {
    if (this.up) {
      this.#goUp();
      return true;
    }
    this.#goAway(new Error(`The Redis client is "${this.#client.status}"`));
    return false;
  }

  /**
   * Resolves with the answer, or with `UNAVAILABLE`; never rejects. A late answer is dropped.
   * @param read makes the answer of the reply; what it throws is a failure too
   */
  attempt<T>(send: () => Promise<unknown>, read: (reply: unknown) => T): Promise<T | typeof UNAVAILABLE> {
    const permit = this.available() ? this.#breaker.tryAcquire() : undefined;
    if (permit === undefined) return Promise.resolve(UNAVAILABLE);
    const startedAt = this.#clock.now();
    return new Promise((resolve) => {
      let open = true;
      const fail = (error: unknown): void => {
        open = false;
        // What was already under way when the last failure was counted tells nothing new: it hangs on the same outage.
        if (startedAt >= this.#lastFailureAt) {
          this.#lastFailureAt = this.#clock.now();
          permit.failure(error);
        } else permit.ignore();
        if (!this.up) this.#goAway(error);
        resolve(UNAVAILABLE);
      };
      const deadline = this.#expire(this.#timeoutMs, () => {
        if (!open) return;
        this.timeouts += 1;
        fail(new Error(`Redis did not answer within ${this.#timeoutMs} ms`));
      });
      const failed = (error: unknown): void => {
        if (!open) return;
        deadline.cancel();
        this.errors += 1;
        fail(error);
      };
      const answered = (reply: unknown): void => {
        if (!open) return;
        let answer: T;
        try {
          answer = read(reply);
        } catch (error) {
          failed(error);
          return;
        }
        open = false;
        deadline.cancel();
        permit.success();
        resolve(answer);
      };
      try {
        send().then(answered, failed);
      } catch (error) {
        // A client that throws instead of rejecting is a client that failed.
        failed(error);
      }
    });
  }

  close(): void {
    this.#closed = true;
    this.#look?.cancel();
  }

  /** When this process was busy, the answer may lie in the socket unread: one more turn of the loop reads it. */
  #expire(timeoutMs: number, callback: () => void): Deadline {
    return this.#deadlines.add(timeoutMs, () => void setImmediate(callback));
  }

  #goUp(): void {
    if (!this.#away) return;
    this.#away = false;
    this.#look?.cancel();
    this.#look = undefined;
    this.#listener.up();
  }

  #goAway(error: unknown): void {
    this.#connect();
    if (this.#away) return;
    this.#away = true;
    this.#listener.away(error);
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#closed) return;
    this.#look = this.#deadlines.add(LOOK_EVERY_MS, () => this.#lookNow(), { keepAlive: false });
  }

  #lookNow(): void {
    if (this.#closed || !this.#away) return;
    if (this.up) this.#goUp();
    else if (isReady(this.#client)) this.#probe();
    else this.#lookLater();
  }

  #probe(): void {
    const permit = this.#breaker.tryAcquire();
    if (permit === undefined) {
      this.#lookLater();
      return;
    }
    let open = true;
    const end = (error?: unknown): void => {
      if (!open) return;
      open = false;
      deadline.cancel();
      if (error === undefined) permit.success();
      else permit.failure(error);
      if (this.up) this.#goUp();
      else if (this.#away) this.#lookLater();
    };
    const expired = new Error('Redis did not answer a PING');
    const deadline = this.#deadlines.add(this.#timeoutMs, () => void setImmediate(end, expired), {
      keepAlive: false,
    });
    sendSafely(() => this.#client.ping()).then(
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
}

/** Turns what a client throws into a rejection. */
async function sendSafely<T>(send: () => Promise<T>): Promise<T> {
  return send();
}
