import {
  type Clock,
  type Deadline,
  type DeadlineQueue,
  deadlinesOf,
  ManualClock,
  option,
  readOptions,
  withoutStack,
} from '@mainstay/core';
import { Branch } from './branch.js';
import { keepShape } from './keep-shape.js';
import { bindStage, Policy } from './policy.js';
import { clockField, LONGEST_MS, nameField } from './policy-options.js';
import { exampleScope, type Run, type Scope } from './scope.js';
import { TimeoutError } from './timeout-error.js';

export interface TimeoutOptions {
  name?: string | undefined;
  /** How long the call may take; any length, also beyond the 24.8 days of a Node timer. */
  timeoutMs: number;
  clock?: Clock | undefined;
}

const fields = {
  name: nameField('timeout'),
  timeoutMs: option.number({ min: 1, max: LONGEST_MS, unit: 'milliseconds' }),
  clock: clockField,
};

export interface TimeoutEvents {
  timeout: { name: string; timeoutMs: number };
}

export interface TimeoutStats {
  succeeded: number;
  failed: number;
  timedOut: number;
  /** Calls given up from outside: by the caller, by a timeout around this one, by a faster hedge. */
  aborted: number;
  /** Calls without an answer yet. */
  running: number;
}

/** Made by {@link timeout}. */
export class TimeoutPolicy extends Policy<never, TimeoutEvents> {
  readonly kind = 'timeout';
  protected readonly eventNames = ['timeout'] as const;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly deadlines: DeadlineQueue;
  #succeeded = 0;
  #failed = 0;
  #timedOut = 0;
  #aborted = 0;
  #running = 0;

  constructor(options: TimeoutOptions) {
    const { name, timeoutMs, clock } = readOptions('timeout', options, fields);
    super(name);
    this.timeoutMs = timeoutMs;
    this.clock = clock;
    this.deadlines = deadlinesOf(clock);
  }

  stats(): TimeoutStats {
    return {
      succeeded: this.#succeeded,
      failed: this.#failed,
      timedOut: this.#timedOut,
      aborted: this.#aborted,
      running: this.#running,
    };
  }

  /** @internal */
  [bindStage](next: Run): Run {
    return (scope) => {
      if (scope.aborted) return Promise.reject(scope.reason);
      return new Promise((resolve, reject) => this.#race(next, new TimedScope(scope, this, reject), resolve));
    };
  }

  /** @internal */
  gaveUp(error: unknown, byItself: boolean): void {
    this.#running -= 1;
    if (!byItself) {
      this.#aborted += 1;
      return;
    }
    this.#timedOut += 1;
    if (this.events?.has('timeout')) {
      this.events.emit('timeout', { name: this.name, timeoutMs: (error as TimeoutError).timeoutMs });
    }
  }

  #race(next: Run, timed: TimedScope, resolve: (result: unknown) => void): void {
    this.#running += 1;
    next(timed).then(
      (result) => {
        if (!timed.end()) return;
        this.#running -= 1;
        this.#succeeded += 1;
        resolve(result);
      },
      (error: unknown) => {
        if (!timed.end()) return;
        this.#running -= 1;
        this.#failed += 1;
        timed.reject(error);
      },
    );
  }
}

/** One call and its deadline. What comes of the work after that is swallowed. */
class TimedScope extends Branch {
  readonly reject: (reason: unknown) => void;
  readonly #policy: TimeoutPolicy;
  readonly #deadline: Deadline;
  readonly #dueAt: number;
  #reached = false;

  constructor(parent: Scope, policy: TimeoutPolicy, reject: (reason: unknown) => void) {
    super(parent);
    this.reject = reject;
    this.#policy = policy;
    const { clock, deadlines, timeoutMs } = policy;
    this.#dueAt = clock.coarseNow() + timeoutMs;
    // No private method, which every instance would have to be marked for.
    this.#deadline = deadlines.add(timeoutMs, () => this.timeOut());
  }

  /** To a breaker inside, a timeout is no caller who went away. */
  override get guardSignal(): AbortSignal | undefined {
    return this.parent.guardSignal;
  }

  /** By the coarse time, so that it may be short by the running turn of the event loop, and is never too long. */
  override remainingMs(): number {
    return Math.min(this.#dueAt - this.#policy.clock.now(), this.parent.remainingMs());
  }

  override end(): boolean {
    if (!super.end()) return false;
    this.#deadline.cancel();
    return true;
  }

  timeOut(): void {
    const { name, timeoutMs } = this.#policy;
    this.#reached = true;
    this.abort(withoutStack(() => new TimeoutError(name, timeoutMs)));
  }

  protected override onAborted(reason: unknown): void {
    this.#deadline.cancel();
    this.#policy.gaveUp(reason, this.#reached);
    this.reject(reason);
  }
}

/**
 * Answers with a {@link TimeoutError} when there is no answer within the time, whether or not the work can be stopped; its
 * signal is aborted with the same error. A result or an error that comes later is swallowed.
 *
 * Nested timeouts: the one whose time is over first reports, the outer one when both are over at the same instant. The
 * timers are referenced: a process waits for the answer that somebody awaits.
 * @throws TypeError or RangeError naming the option
 */
export function timeout(options: TimeoutOptions): TimeoutPolicy {
  return new TimeoutPolicy(options);
}

// With its deadline, on a clock that stands still.
const still = new TimeoutPolicy({ timeoutMs: 1.5, clock: new ManualClock(0.25) });
keepShape(new TimedScope(exampleScope, still, () => {}));
