import { AsyncResource } from 'node:async_hooks';
import { assertDelay, type Clock, monotonicClock, type Timer } from './clock.js';
import { callIsolated } from './isolation.js';
import { TimingWheel, WheelEntry } from './timing-wheel.js';

/** A callback that waits in a {@link DeadlineQueue}. */
export interface Deadline {
  /** Takes the callback back; does nothing once it was called. */
  cancel(): void;
}

/**
 * The clock's timer is set by whoever happens to add the earliest deadline. Without a neutral context, the callbacks of all
 * the others would run in that caller's AsyncLocalStorage.
 */
const neutralContext = new AsyncResource('MainstayDeadlines');

/** The timer cannot be set for longer than this at once with any clock; the queue then looks again and sets it anew. */
const LONGEST_SLEEP_MS = 2_147_483_647;

const nothing = (): void => {};

class QueuedDeadline extends WheelEntry implements Deadline {
  callback: () => void;
  readonly keepAlive: boolean;
  readonly #cancel: (deadline: QueuedDeadline) => void;

  constructor(
    dueAt: number,
    callback: () => void,
    keepAlive: boolean,
    cancel: (deadline: QueuedDeadline) => void,
  ) {
    super(dueAt);
    this.callback = callback;
    this.keepAlive = keepAlive;
    this.#cancel = cancel;
  }

  cancel(): void {
    this.#cancel(this);
  }
}

/**
 * Any number of deadlines on one timer of the clock: adding and cancelling cost a few list operations, no timer each.
 *
 * Never early by the clock's `now()`, and late by what the clock's timer is late (about a millisecond with the real one).
 * The callbacks run outside of the caller's AsyncLocalStorage; promises that they settle continue in their own.
 */
export class DeadlineQueue {
  readonly #clock: Clock;
  readonly #wheel = new TimingWheel(new QueuedDeadline(0, nothing, false, nothing));
  #timer: Timer | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #keepingAlive = 0;

  constructor(clock: Clock = monotonicClock) {
    this.#clock = clock;
  }

  /** Deadlines that neither fired nor were cancelled. */
  get size(): number {
    return this.#wheel.size;
  }

  /**
   * Calls back once after the delay; on the next turn when it is zero or less, never synchronously.
   *
   * What the callback throws, or rejects with, becomes a process warning with the code `MAINSTAY_CALLBACK`, and the other
   * deadlines fire all the same.
   * @param delayMs milliseconds, of any length
   * @param options.keepAlive whether the process stays alive for it: true (default) for what somebody awaits, false for
   *   housekeeping
   * @throws RangeError when the delay is NaN or infinite
   */
  add(delayMs: number, callback: () => void, options?: { keepAlive?: boolean }): Deadline {
    assertDelay(delayMs);
    const now = this.#clock.now();
    const dueAt = delayMs > 0 ? now + delayMs : now;
    const deadline = new QueuedDeadline(dueAt, callback, options?.keepAlive !== false, this.#cancel);
    this.#wheel.add(deadline, now);
    if (dueAt < this.#wakesAt) this.#sleepUntil(dueAt, now);
    if (deadline.keepAlive) {
      this.#keepingAlive += 1;
      if (this.#keepingAlive === 1) this.#timer?.ref();
    }
    return deadline;
  }

  /** Cancels all deadlines and the timer. */
  clear(): void {
    this.#wheel.clear();
    this.#keepingAlive = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }

  /** The timer stays as it is: waking up once for nothing is cheaper than setting it anew for every call that went well. */
  readonly #cancel = (deadline: QueuedDeadline): void => {
    if (!this.#wheel.remove(deadline)) return;
    // A handle that somebody keeps must not keep what the callback closes over.
    deadline.callback = nothing;
    this.#release(deadline);
  };

  #release(deadline: QueuedDeadline): void {
    if (!deadline.keepAlive) return;
    this.#keepingAlive -= 1;
    if (this.#keepingAlive === 0) this.#timer?.unref();
  }

  #sleepUntil(wakesAt: number, now: number): void {
    this.#timer?.cancel();
    this.#wakesAt = wakesAt;
    const delayMs = Math.min(wakesAt - now, LONGEST_SLEEP_MS);
    this.#timer = neutralContext.runInAsyncScope(() => this.#clock.setTimer(this.#wake, delayMs));
    if (this.#keepingAlive === 0) this.#timer.unref();
  }

  readonly #wake = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    this.#wheel.expire(now);
    // Before the callbacks, so that deadlines added by them compare with the right time.
    const next = this.#wheel.nextWake();
    if (next === Number.POSITIVE_INFINITY) this.#wakesAt = next;
    else this.#sleepUntil(next, now);
    for (let deadline = this.#wheel.take(); deadline !== undefined; deadline = this.#wheel.take()) {
      const { callback } = deadline;
      deadline.callback = nothing;
      this.#release(deadline);
      callIsolated(callback, undefined, 'MAINSTAY_CALLBACK', 'The callback of a deadline');
    }
  };
}

const queues = new WeakMap<Clock, DeadlineQueue>();

/** The one queue that all users of a clock share. */
export function deadlinesOf(clock: Clock): DeadlineQueue {
  let queue = queues.get(clock);
  if (queue === undefined) {
    queue = new DeadlineQueue(clock);
    queues.set(clock, queue);
  }
  return queue;
}
