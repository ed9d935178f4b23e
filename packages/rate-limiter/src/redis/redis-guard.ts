import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { type Clock, type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import { onConnectionNews } from './connection-news.js';
import { type Errand, Journey, type Sender } from './journey.js';
import { Packet } from './packet.js';
import { isReady, type RedisClient } from './redis-client.js';

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
  readonly #deadlines: DeadlineQueue;
  readonly #timeoutMs: number;
  readonly #listener: GuardListener;
  readonly #stopWatching: () => void;
  readonly #breaker: CircuitBreaker;
  readonly #packet: Packet;
  #away = false;
  #closed = false;
  #connecting = false;
  #look: Deadline | undefined;
  readonly #sender: Sender = {
    expire: (callback) => this.#expire(callback),
    failed: (journey, error) => {
      this.errors += 1;
      this.#lost(journey, error);
    },
    timedOut: (journey) => {
      this.timeouts += 1;
      this.#lost(journey, new Error(`Redis did not answer within ${this.#timeoutMs} ms`));
    },
  };
  /** Failures that were counted. */
  #failures = 0;

  constructor(name: string, client: RedisClient, timeoutMs: number, clock: Clock, listener: GuardListener) {
    this.#client = client;
    this.#deadlines = deadlinesOf(clock);
    this.#timeoutMs = timeoutMs;
    this.#listener = listener;
    this.#stopWatching = this.#watch();
    this.#packet = new Packet(client);
    this.#breaker = new CircuitBreaker({
      name: `${name} redis`,
      consecutiveFailures: CONSECUTIVE_FAILURES,
      openMs: OPEN_MS,
      openBackoff: { factor: 2, maxMs: MAX_OPEN_MS },
      halfOpen: { probes: 1, successThreshold: 1 },
      clock,
    });
  }

  /** A process that answers from what it remembers would not notice that Redis was away, and has to tell it afterwards. */
  #watch(): () => void {
    return onConnectionNews(this.#client, (news) => {
      if (news === 'close' && !this.#closed) this.#goAway(undefined);
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
    this.#goAway(undefined);
    return false;
  }

  /** Sends it, if Redis is there. A late answer is dropped. */
  run(errand: Errand): void {
    const permit = this.available() ? this.#breaker.tryAcquire() : undefined;
    if (permit === undefined) {
      errand.unavailable();
      return;
    }
    this.#packet.open();
    this.#packet.add(new Journey(errand, permit, this.#failures, this.#sender));
  }

  close(): void {
    this.#closed = true;
    this.#stopWatching();
    this.#look?.cancel();
  }

  /** When this process was busy, the answer may lie in the socket unread: one more turn of the loop reads it. */
  #expire(callback: () => void): Deadline {
    return this.#deadlines.add(this.#timeoutMs, () => void setImmediate(callback));
  }

  #lost(journey: Journey, error: unknown): void {
    // What was already under way when the last failure was counted tells nothing new: it hangs on the same outage.
    if (this.#failures === journey.failuresBefore) {
      this.#failures += 1;
      journey.permit.failure(error);
    } else journey.permit.ignore();
    if (!this.up) this.#goAway(error);
    journey.unavailable();
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
    this.#listener.away(error ?? new Error(`The Redis client is "${this.#client.status}"`));
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
