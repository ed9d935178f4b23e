import { type Clock, type Deadline, deadlinesOf, onAbort, withoutStack } from '@mainstay/core';
import type { Decision } from './decision.js';
import { RateLimitError } from './errors.js';

/** A caller that waits for its turn. */
interface Waiter {
  readonly cost: number;
  readonly dueAt: number;
  settled: boolean;
  readonly go: () => void;
  readonly fail: (reason: unknown) => void;
  leave: () => void;
}

/** The callers of one key, in the order they came. Only the first asks; the others wait behind it. */
class Lane {
  readonly waiters: Waiter[] = [];
  asking = false;
  wake: Deadline | undefined;
  /** When the first may go at the earliest, where that is known: nobody behind it goes earlier. */
  notBefore = Number.NEGATIVE_INFINITY;
}

export interface TurnsOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly maxWaiting: number;
  readonly consume: (key: string, cost: number) => Decision | Promise<Decision>;
  /** Whether a cost can never fit. */
  readonly impossible: (cost: number) => boolean;
}

/** A wait of this length is looked at again: a store that denies because it is away may be back sooner than it thinks. */
const LONGEST_SLEEP_MS = 86_400_000;

/** Turns for `schedule`: bounded, first come first served a key, all waits on the clock's one timer. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #lanes = new Map<string, Lane>();
  #waiting = 0;
  #closed = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves when the cost was consumed. */
  take(key: string, cost: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#closed) return Promise.reject(this.#closedError());
    const { maxWaiting, name, clock } = this.#options;
    const lane = this.#lanes.get(key) ?? new Lane();
    if (this.#waiting >= maxWaiting) {
      const message = `${name}: ${maxWaiting} callers wait for their turn already`;
      return Promise.reject(this.#error('ERR_RATE_LIMIT_QUEUE_FULL', message, 0));
    }
    const { impossible } = this.#options;
    if (lane.waiters.length > 0 && impossible(cost)) return Promise.reject(this.#impossibleError(cost));
    const ahead = lane.notBefore - clock.now();
    if (lane.waiters.length > 0 && ahead > timeoutMs) return Promise.reject(this.#lateError(ahead));
    this.#lanes.set(key, lane);
    this.#waiting += 1;
    return new Promise((go, fail) => {
      const waiter: Waiter = {
        cost,
        dueAt: clock.now() + timeoutMs,
        settled: false,
        go,
        fail,
        leave: () => {},
      };
      const timeout = deadlinesOf(clock).add(timeoutMs, () => this.#giveUp(key, lane, waiter, 0));
      const leaveSignal = onAbort(signal, (reason) => this.#refuse(key, lane, waiter, reason));
      waiter.leave = () => {
        timeout.cancel();
        leaveSignal();
      };
      lane.waiters.push(waiter);
      if (lane.waiters.length === 1) this.#ask(key, lane);
    });
  }

  close(): void {
    this.#closed = true;
    for (const [key, lane] of [...this.#lanes]) {
      for (const waiter of [...lane.waiters]) this.#refuse(key, lane, waiter, this.#closedError());
    }
  }

  /** Lets those go whose turn it is, and sleeps until the next one's. */
  #ask(key: string, lane: Lane): void {
    while (lane.waiters.length > 0 && !lane.asking) {
      const waiter = lane.waiters[0] as Waiter;
      const decision = this.#options.consume(key, waiter.cost);
      if (!(decision instanceof Promise)) {
        if (!this.#answer(key, lane, waiter, decision)) return;
        continue;
      }
      lane.asking = true;
      decision.then((answer) => {
        lane.asking = false;
        if (this.#answer(key, lane, waiter, answer)) this.#ask(key, lane);
      });
    }
  }

  /** Returns whether the next in the lane may be looked at. */
  #answer(key: string, lane: Lane, waiter: Waiter, decision: Decision): boolean {
    // It gave up while the store was asked: what was consumed for it is lost, which errs on the safe side.
    if (waiter.settled) return true;
    if (decision.allowed) {
      this.#settle(key, lane, waiter);
      waiter.go();
      return true;
    }
    const wait = decision.retryAfterMs;
    const { clock } = this.#options;
    if (wait === Number.POSITIVE_INFINITY) {
      this.#refuse(key, lane, waiter, this.#impossibleError(waiter.cost));
      return true;
    }
    if (decision.reason === 'limit' && clock.now() + wait > waiter.dueAt) {
      this.#giveUp(key, lane, waiter, wait);
      return true;
    }
    lane.notBefore = decision.reason === 'limit' ? clock.now() + wait : Number.NEGATIVE_INFINITY;
    lane.wake = deadlinesOf(clock).add(Math.min(wait, LONGEST_SLEEP_MS), () => {
      lane.wake = undefined;
      this.#ask(key, lane);
    });
    return false;
  }

  #giveUp(key: string, lane: Lane, waiter: Waiter, wait: number): void {
    this.#refuse(key, lane, waiter, this.#lateError(wait));
  }

  #refuse(key: string, lane: Lane, waiter: Waiter, reason: unknown): void {
    if (waiter.settled) return;
    const wasFirst = lane.waiters[0] === waiter;
    if (wasFirst) lane.notBefore = Number.NEGATIVE_INFINITY;
    this.#settle(key, lane, waiter);
    waiter.fail(reason);
    // Whoever is first now may cost less, or have come to its turn.
    if (wasFirst && lane.wake !== undefined) {
      lane.wake.cancel();
      lane.wake = undefined;
      this.#ask(key, lane);
    }
  }

  #settle(key: string, lane: Lane, waiter: Waiter): void {
    waiter.settled = true;
    waiter.leave();
    const index = lane.waiters.indexOf(waiter);
    if (index === 0) lane.waiters.shift();
    else if (index > 0) lane.waiters.splice(index, 1);
    this.#waiting -= 1;
    if (lane.waiters.length > 0) return;
    lane.wake?.cancel();
    lane.wake = undefined;
    if (this.#lanes.get(key) === lane) this.#lanes.delete(key);
  }

  #lateError(wait: number): RateLimitError {
    const { name } = this.#options;
    const message =
      wait > 0
        ? `${name}: the turn comes in ${Math.ceil(wait)} ms, after the time that the caller would wait`
        : `${name}: the turn did not come within the time that the caller would wait`;
    return this.#error('ERR_RATE_LIMIT_TIMEOUT', message, wait);
  }

  #impossibleError(cost: number): RateLimitError {
    const message = `${this.#options.name}: a cost of ${cost} is more than the limit ever allows`;
    return this.#error('ERR_RATE_LIMIT_IMPOSSIBLE', message, Number.POSITIVE_INFINITY);
  }

  #closedError(): RateLimitError {
    return this.#error('ERR_RATE_LIMITER_CLOSED', `${this.#options.name} is closed`, 0);
  }

  #error(code: RateLimitError['code'], message: string, retryAfterMs: number): RateLimitError {
    return withoutStack(() => new RateLimitError(code, this.#options.name, message, retryAfterMs));
  }
}
