import { type Clock, option, RollingWindow, readOptions } from '@mainstay/core';
import { ask, decide } from './ask.js';
import type { Random } from './backoff/backoff.js';
import { bindStage, Policy } from './policy.js';
import { type CheckedJudges, clockField, type Judges, judgesField, nameField } from './policy-options.js';
import { type RejectedError, rejected } from './rejected-error.js';
import type { Run, Scope } from './scope.js';

export interface ThrottleOptions {
  name?: string | undefined;
  /** What is looked back on (default 120,000). */
  windowMs?: number | undefined;
  /** How many requests there may be for each that is accepted, before any is turned away (default 2; 1 to 100). */
  multiplier?: number | undefined;
  /** No more than this share is turned away, so that recovery is noticed (default 0.9). */
  maxRejectionRate?: number | undefined;
  /** Which errors mean that the dependency did not accept (default: all), and which results (default: none). */
  isRejection?: ((error: unknown) => boolean) | Judges<[]> | undefined;
  /** Default: `Math.random`. */
  random?: Random | undefined;
  clock?: Clock | undefined;
}

const fields = {
  name: nameField('throttle'),
  windowMs: option.milliseconds({ min: 100, default: 120_000 }),
  multiplier: option.number({ min: 1, max: 100, default: 2 }),
  maxRejectionRate: option.ratio({ max: 0.99, default: 0.9 }),
  isRejection: judgesField<[]>(),
  random: option.func<Random>({ default: Math.random }),
  clock: clockField,
};

const BUCKETS = 30;
const REQUESTS = 0;
const ACCEPTS = 1;

export interface ThrottleEvents {
  /** A call was turned away. */
  reject: { name: string; rejectionRate: number };
}

export interface ThrottleStats {
  succeeded: number;
  failed: number;
  rejected: number;
  /** Calls given up from outside: neither accepted nor not. */
  aborted: number;
  /** 0 to `maxRejectionRate`, of this moment. */
  rejectionRate: number;
  /** Of the window. */
  requests: number;
  accepts: number;
}

/** Made by {@link throttle}. */
export class ThrottlePolicy extends Policy<never, ThrottleEvents> {
  readonly kind = 'throttle';
  protected readonly eventNames = ['reject'] as const;
  readonly #window: RollingWindow;
  readonly #multiplier: number;
  readonly #maxRejectionRate: number;
  readonly #judges: CheckedJudges<[]>;
  readonly #random: Random;
  #succeeded = 0;
  #failed = 0;
  #rejected = 0;
  #aborted = 0;

  constructor(options: ThrottleOptions | undefined) {
    const checked = readOptions('throttle', options, fields);
    super(checked.name);
    const { windowMs, clock } = checked;
    this.#window = new RollingWindow({ windowMs, buckets: BUCKETS, counters: 2, clock });
    this.#multiplier = checked.multiplier;
    this.#maxRejectionRate = checked.maxRejectionRate;
    this.#judges = checked.isRejection;
    this.#random = checked.random;
  }

  /** How likely the next call is turned away. */
  get rejectionRate(): number {
    const requests = this.#window.sum(REQUESTS);
    const excess = requests - this.#multiplier * this.#window.sum(ACCEPTS);
    return Math.min(this.#maxRejectionRate, Math.max(0, excess / (requests + 1)));
  }

  stats(): ThrottleStats {
    return {
      succeeded: this.#succeeded,
      failed: this.#failed,
      rejected: this.#rejected,
      aborted: this.#aborted,
      rejectionRate: this.rejectionRate,
      requests: this.#window.sum(REQUESTS),
      accepts: this.#window.sum(ACCEPTS),
    };
  }

  /** @internal */
  [bindStage](next: Run): Run {
    return (scope) => {
      const { rejectionRate } = this;
      if (rejectionRate > 0 && ask('random', this.#random, 1) < rejectionRate) {
        return Promise.reject(this.#turnAway(rejectionRate));
      }
      return this.#call(next, scope);
    };
  }

  async #call(next: Run, scope: Scope): Promise<unknown> {
    try {
      const result = await next(scope);
      this.#count(!this.#isRejection(this.#judges.result, result, false));
      return result;
    } catch (error) {
      if (scope.aborted) this.#aborted += 1;
      else this.#count(!this.#isRejection(this.#judges.error, error, true));
      throw error;
    }
  }

  #isRejection(
    judge: ((value: unknown) => boolean) | undefined,
    value: unknown,
    otherwise: boolean,
  ): boolean {
    return judge === undefined ? otherwise : decide('isRejection', judge, otherwise, value);
  }

  /** Only when a call is over: what is still running has not been rejected. */
  #count(accepted: boolean): void {
    this.#window.add(REQUESTS);
    if (accepted) {
      this.#window.add(ACCEPTS);
      this.#succeeded += 1;
    } else {
      this.#failed += 1;
    }
  }

  /** What is turned away here counts as a request too, as in the book: the rate rises until the dependency accepts again. */
  #turnAway(rejectionRate: number): RejectedError {
    this.#rejected += 1;
    this.#window.add(REQUESTS);
    if (this.events?.has('reject')) this.events.emit('reject', { name: this.name, rejectionRate });
    return rejected('ERR_THROTTLED', this.kind, this.name, 'throttled');
  }
}

/**
 * Turns calls away by chance, the more of them the fewer the dependency accepts (client-side throttling of "Site Reliability
 * Engineering", Google 2016, chapter 21): with probability `(requests - multiplier × accepts) / (requests + 1)`. Where a
 * breaker is on or off, this is a slope: it suits a dependency that is overloaded rather than down.
 * @throws TypeError or RangeError naming the option
 */
export function throttle(options?: ThrottleOptions): ThrottlePolicy {
  return new ThrottlePolicy(options);
}
