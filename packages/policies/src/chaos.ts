import {
  type Clock,
  type DeadlineQueue,
  deadlinesOf,
  invalidOption,
  option,
  readOptions,
} from '@mainstay/core';
import { ask } from './ask.js';
import type { Random } from './backoff/backoff.js';
import { bindStage, Policy } from './policy.js';
import { clockField, nameField } from './policy-options.js';
import type { Run, Scope } from './scope.js';
import { sleep } from './sleep.js';

export interface ChaosOptions<Outcome = never> {
  name?: string | undefined;
  /** Nothing is injected unless this is true, or returns true: it is asked for each call (default false). */
  enabled?: boolean | (() => boolean) | undefined;
  /** This share of the calls is delayed by a time between the two, evenly spread. */
  latency?: { rate: number; minMs?: number | undefined; maxMs: number } | undefined;
  /** This share rejects with what `error` returns (default: an Error with the code ERR_CHAOS), and is not made. */
  fault?: { rate: number; error?: (() => unknown) | undefined } | undefined;
  /** This share of the others is answered with what `result` returns, and is not made. */
  outcome?: { rate: number; result: () => Outcome } | undefined;
  /** Default: `Math.random`. */
  random?: Random | undefined;
  clock?: Clock | undefined;
}

const rate = option.ratio();
const fields = {
  name: nameField('chaos'),
  enabled: option.custom<boolean | (() => boolean)>(
    'true, false or a function',
    (received) => typeof received === 'boolean' || typeof received === 'function',
    { default: false },
  ),
  latency: option.object(
    { rate, minMs: option.milliseconds({ default: 0 }), maxMs: option.milliseconds() },
    { optional: true },
  ),
  fault: option.object(
    { rate, error: option.func<() => unknown>({ default: injectedFault }) },
    { optional: true },
  ),
  outcome: option.object({ rate, result: option.func<() => unknown>() }, { optional: true }),
  random: option.func<Random>({ default: Math.random }),
  clock: clockField,
};

function injectedFault(): Error {
  return Object.assign(new Error('A fault injected by chaos'), { code: 'ERR_CHAOS' });
}

export interface ChaosEvents {
  inject: { name: string; what: 'latency' | 'fault' | 'outcome'; delayMs: number };
}

export interface ChaosStats {
  /** Calls that came by, and what was done to some of them. */
  calls: number;
  delayed: number;
  faulted: number;
  replaced: number;
}

/** Made by {@link chaos}. */
export class ChaosPolicy<Outcome = never> extends Policy<Outcome, ChaosEvents> {
  readonly kind = 'chaos';
  protected readonly eventNames = ['inject'] as const;
  readonly #isEnabled: () => boolean;
  readonly #latency: { rate: number; minMs: number; maxMs: number } | undefined;
  readonly #fault: { rate: number; error: () => unknown } | undefined;
  readonly #outcome: { rate: number; result: () => unknown } | undefined;
  readonly #random: Random;
  readonly #deadlines: DeadlineQueue;
  #calls = 0;
  #delayed = 0;
  #faulted = 0;
  #replaced = 0;

  constructor(options: ChaosOptions<Outcome> | undefined) {
    const { name, enabled, latency, fault, outcome, random, clock } = readOptions('chaos', options, fields);
    super(name);
    if (latency !== undefined && latency.minMs > latency.maxMs) {
      const mustBe = `must be at most latency.maxMs (${latency.maxMs})`;
      throw invalidOption('chaos', 'latency.minMs', mustBe, latency.minMs, 'range');
    }
    this.#isEnabled = typeof enabled === 'function' ? enabled : () => enabled;
    this.#latency = latency;
    this.#fault = fault;
    this.#outcome = outcome;
    this.#random = random;
    this.#deadlines = deadlinesOf(clock);
  }

  stats(): ChaosStats {
    return {
      calls: this.#calls,
      delayed: this.#delayed,
      faulted: this.#faulted,
      replaced: this.#replaced,
    };
  }

  /** @internal */
  [bindStage](next: Run): Run {
    return (scope) => {
      this.#calls += 1;
      return ask('enabled', this.#isEnabled, false) === true ? this.#inject(next, scope) : next(scope);
    };
  }

  async #inject(next: Run, scope: Scope): Promise<unknown> {
    const latency = this.#latency;
    if (latency !== undefined && this.#hits(latency.rate)) {
      const delayMs = latency.minMs + this.#random() * (latency.maxMs - latency.minMs);
      this.#delayed += 1;
      this.#announce('latency', delayMs);
      await sleep(delayMs, scope, this.#deadlines);
    }
    if (this.#fault !== undefined && this.#hits(this.#fault.rate)) {
      this.#faulted += 1;
      this.#announce('fault', 0);
      throw this.#fault.error();
    }
    if (this.#outcome !== undefined && this.#hits(this.#outcome.rate)) {
      this.#replaced += 1;
      this.#announce('outcome', 0);
      return this.#outcome.result();
    }
    return next(scope);
  }

  #hits(share: number): boolean {
    return share > 0 && this.#random() < share;
  }

  #announce(what: ChaosEvents['inject']['what'], delayMs: number): void {
    if (this.events?.has('inject')) this.events.emit('inject', { name: this.name, what, delayMs });
  }
}

/**
 * Injects latency, faults and outcomes into a share of the calls, to find out in a test or on a game day what the rest of the
 * pipeline makes of them (after Polly's Simmy). Put it innermost: `pipeline(retry(), breaker, timeout(…), chaos(…))`. It does
 * nothing unless it is enabled.
 * @throws TypeError or RangeError naming the option
 */
export function chaos<Outcome = never>(options?: ChaosOptions<Outcome>): ChaosPolicy<Outcome> {
  return new ChaosPolicy(options);
}
