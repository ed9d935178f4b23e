import type { Clock, Deadline, DeadlineQueue } from '@mainstay/core';
import { backoffMs } from './backoff.js';
import { PoolCreateTimeoutError } from './errors.js';
import type { CreateContext } from './options.js';

/** Failures in a row after which callers are told at once: with the pauses between them, about a second of outage. */
const HOPELESS_AFTER = 5;

/** How long an attempt may have been under way for callers to join in waiting for it all the same. */
const PATIENCE_MS = 100;

/** One call of `create`. It is over when it settles or when the pool stops waiting for it, whichever comes first. */
class Attempt<R> {
  over = false;
  lost = false;
  lostError: unknown = undefined;
  /** Set once the resource belongs to the pool: from then on a loss is the pool's business. */
  onLost: ((error: unknown) => void) | undefined = undefined;
  resource: R | undefined = undefined;
  readonly abort = new AbortController();
  readonly startedAt: number;
  deadline: Deadline | undefined = undefined;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  readonly reportLoss = (error?: unknown): void => {
    if (this.lost) return;
    this.lost = true;
    this.lostError = error;
    this.onLost?.(error);
  };
}

export interface DialerOptions<R> {
  name: string;
  create: (context: CreateContext) => R | PromiseLike<R>;
  createTimeoutMs: number;
  /** Creations under way at once while they succeed; after a failure it is one at a time until one succeeds. */
  maxConnecting: number;
  /** False: no pauses, and as many at once after a failure as before it. */
  patient: boolean;
  clock: Clock;
  deadlines: DeadlineQueue;
  /** 0..1, for the jitter. */
  random: () => number;
  /** Takes a new resource over; returns what to call when the resource reports its own end. */
  onCreated: (resource: R, durationMs: number) => (error: unknown) => void;
  onFailed: (error: unknown, startedAt: number) => void;
  /** A creation under way failed after `stop()`. */
  onStopped: () => void;
  /** A resource that arrived after the pool had stopped waiting for it. */
  onLate: (resource: R) => void;
  /** The pause after a failure is over: ask again, if resources are still wanted. */
  onReady: () => void;
  onDown: (error: unknown) => void;
  onUp: (downForMs: number) => void;
}

/**
 * Creates the pool's resources: one for all callers, so that an outage costs a few attempts a second and not one per caller.
 *
 * Failures in a row lead to pauses (see `backoffMs`); a `create` that throws at once pauses like any other, so it cannot
 * keep the event loop from its other work. The pauses are the open times of a circuit breaker, the one attempt after each is its
 * probe.
 */
export class Dialer<R> {
  readonly #options: DialerOptions<R>;
  readonly #underWay = new Set<Attempt<R>>();
  #stopped = false;
  #failures = 0;
  #downSince = 0;
  #lastFailureAt = 0;
  #lastError: unknown;
  /** Drawn once a failure: asking again must not draw a luckier number. */
  #jitter = 0;
  #retry: Deadline | undefined;
  #retryAt = 0;

  constructor(options: DialerOptions<R>) {
    this.#options = options;
  }

  get connecting(): number {
    return this.#underWay.size;
  }

  /** Failed creations in a row; 0 while the last one succeeded. */
  get failures(): number {
    return this.#failures;
  }

  /** It has failed so often, and the next attempt is so far away or takes so long, that nobody should wait for it. */
  get turnsAway(): boolean {
    if (this.#failures < HOPELESS_AFTER || !this.#options.patient) return false;
    const now = this.#options.clock.now();
    for (const { startedAt } of this.#underWay) return now - startedAt > PATIENCE_MS;
    return this.#resumesAt(true) > now;
  }

  get lastError(): unknown {
    return this.#lastError;
  }

  /** How long ago the last creation failed; undefined while the last one succeeded. */
  get lastFailureAgoMs(): number | undefined {
    return this.#failures === 0 ? undefined : this.#options.clock.now() - this.#lastFailureAt;
  }

  /**
   * Starts up to `wanted` creations beyond those under way, or sees to it that `onReady` is called when the pause is over.
   * @param attended whether callers are waiting for them
   */
  request(wanted: number, attended: boolean): void {
    if (this.#stopped || wanted <= 0) return;
    const careful = this.#failures > 0 && this.#options.patient;
    if (careful && this.#pauses(attended)) return;
    const limit = careful ? 1 : this.#options.maxConnecting;
    for (let left = wanted; left > 0 && this.#underWay.size < limit; left--) this.#dial(attended);
  }

  /** No more creations; those under way are asked to stop, and what they still bring is passed to `onLate`. */
  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    for (const attempt of [...this.#underWay]) attempt.abort.abort(new Error('The pool is closed'));
  }

  #pauses(attended: boolean): boolean {
    const { clock, deadlines } = this.#options;
    const at = this.#resumesAt(attended);
    const remaining = at - clock.now();
    if (remaining <= 0) return false;
    if (this.#retry !== undefined && this.#retryAt <= at) return true;
    this.#retry?.cancel();
    this.#retryAt = at;
    this.#retry = deadlines.add(
      remaining,
      () => {
        this.#retry = undefined;
        this.#options.onReady();
      },
      { keepAlive: attended },
    );
    return true;
  }

  #resumesAt(attended: boolean): number {
    return this.#lastFailureAt + backoffMs(this.#failures, attended, this.#jitter);
  }

  #dial(attended: boolean): void {
    const { name, create, createTimeoutMs, clock, deadlines } = this.#options;
    const attempt = new Attempt<R>(clock.now());
    this.#underWay.add(attempt);
    const giveUp = (): void => {
      const error = new PoolCreateTimeoutError(name, createTimeoutMs);
      this.#fail(attempt, error);
      attempt.abort.abort(error);
    };
    attempt.deadline = deadlines.add(createTimeoutMs, giveUp, { keepAlive: attended });
    let created: Promise<R>;
    try {
      created = Promise.resolve(create({ signal: attempt.abort.signal, lost: attempt.reportLoss }));
    } catch (error) {
      created = Promise.reject(error);
    }
    created.then(
      (resource) => this.#succeed(attempt, resource),
      (error: unknown) => this.#fail(attempt, error),
    );
  }

  #succeed(attempt: Attempt<R>, resource: R): void {
    if (attempt.over || this.#stopped) {
      this.#end(attempt);
      this.#options.onLate(resource);
      return;
    }
    if (attempt.lost) {
      this.#options.onLate(resource);
      this.#fail(attempt, attempt.lostError ?? new Error('The resource was lost before create() settled'));
      return;
    }
    this.#end(attempt);
    const now = this.#options.clock.now();
    const wasDown = this.#failures > 0;
    this.#failures = 0;
    this.#lastError = undefined;
    this.#retry?.cancel();
    this.#retry = undefined;
    attempt.onLost = this.#options.onCreated(resource, now - attempt.startedAt);
    if (wasDown) this.#options.onUp(now - this.#downSince);
  }

  #fail(attempt: Attempt<R>, error: unknown): void {
    if (attempt.over) return;
    this.#end(attempt);
    if (this.#stopped) {
      this.#options.onStopped();
      return;
    }
    const now = this.#options.clock.now();
    const first = this.#failures === 0;
    // Several that were under way together tell one thing, not several.
    if (first || attempt.startedAt >= this.#lastFailureAt) {
      this.#failures += 1;
      this.#jitter = this.#options.random();
      this.#lastFailureAt = now;
    }
    this.#lastError = error;
    if (first) {
      this.#downSince = now;
      this.#options.onDown(error);
    }
    this.#options.onFailed(error, attempt.startedAt);
  }

  #end(attempt: Attempt<R>): void {
    attempt.over = true;
    attempt.deadline?.cancel();
    this.#underWay.delete(attempt);
  }
}
