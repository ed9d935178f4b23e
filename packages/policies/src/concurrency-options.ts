import { type Clock, invalidOption, option, type ReadOptions, readOptions } from '@mainstay/core';
import { clockField, nameField } from './policy-options.js';
import { isTimeoutError } from './timeout-error.js';

export interface AdaptiveConcurrencyOptions {
  name?: string | undefined;
  /** Where the limit starts (default 20), and between which it stays (defaults 5 and 200). */
  initialLimit?: number | undefined;
  minLimit?: number | undefined;
  maxLimit?: number | undefined;
  /** How much slower than usual answers may become before the limit shrinks (default 1.5; 1 to 10). */
  tolerance?: number | undefined;
  /** The limit is looked at after that long (default 250), and not before `sampleCalls` calls (default 10) have ended. */
  sampleMs?: number | undefined;
  sampleCalls?: number | undefined;
  /** How many calls may wait for their turn: by priority, then first come, first served (default 0). */
  maxQueued?: number | undefined;
  /** For how long at most (default 1,000). */
  maxWaitMs?: number | undefined;
  /** Which errors mean too much load (default: a timeout). Other errors teach nothing. */
  isOverload?: ((error: unknown) => boolean) | undefined;
  /**
   * Once a turn of this process' event loop takes longer than `maxMs` (default 100; Infinity: never mind), the limit shrinks and
   * low priority is turned away. `read` replaces the measurement.
   */
  eventLoopDelay?: { maxMs?: number | undefined; read?: (() => number) | undefined } | undefined;
  clock?: Clock | undefined;
}

const fields = {
  name: nameField('adaptive-concurrency'),
  initialLimit: option.integer({ min: 1, max: 1_000_000, optional: true }),
  minLimit: option.integer({ min: 1, max: 1_000_000, optional: true }),
  maxLimit: option.integer({ min: 1, max: 1_000_000, optional: true }),
  tolerance: option.number({ min: 1, max: 10, default: 1.5 }),
  sampleMs: option.milliseconds({ min: 1, default: 250 }),
  sampleCalls: option.integer({ min: 1, max: 100_000, default: 10 }),
  maxQueued: option.integer({ min: 0, max: 1_000_000, default: 0 }),
  maxWaitMs: option.milliseconds({ min: 1, default: 1_000 }),
  isOverload: option.func<(error: unknown) => boolean>({ default: isTimeoutError }),
  eventLoopDelay: option.object({
    maxMs: option.milliseconds({ min: 1, allowInfinity: true, default: 100 }),
    read: option.func<() => number>({ optional: true }),
  }),
  clock: clockField,
};

export type ConcurrencySettings = ReadOptions<typeof fields> & {
  readonly limits: { readonly initialLimit: number; readonly minLimit: number; readonly maxLimit: number };
};

const OWNER = 'adaptiveConcurrency';

/** @throws TypeError or RangeError naming the option */
export function readConcurrencyOptions(options: unknown): ConcurrencySettings {
  const checked = readOptions(OWNER, options, fields);
  // One that is given moves the defaults of the others out of its way.
  const initialLimit =
    checked.initialLimit ?? between(checked.minLimit ?? 1, checked.maxLimit ?? 1_000_000, 20);
  const minLimit = checked.minLimit ?? Math.min(5, initialLimit);
  const maxLimit = checked.maxLimit ?? Math.max(200, initialLimit);
  if (minLimit > initialLimit) {
    throw invalidOption(
      OWNER,
      'minLimit',
      `must be at most initialLimit (${initialLimit})`,
      minLimit,
      'range',
    );
  }
  if (maxLimit < initialLimit) {
    throw invalidOption(
      OWNER,
      'maxLimit',
      `must be at least initialLimit (${initialLimit})`,
      maxLimit,
      'range',
    );
  }
  return { ...checked, limits: { initialLimit, minLimit, maxLimit } };
}

function between(min: number, max: number, value: number): number {
  return Math.min(max, Math.max(min, value));
}
