import { type Clock, option } from '@mainstay/core';
import { optionFields } from './option-fields.js';
import type { CircuitBreakerOptions } from './options.js';

/** What holds for every breaker of the group, and how many there may be. */
export interface CircuitBreakerGroupOptions extends Omit<CircuitBreakerOptions, 'name' | 'initialState'> {
  /** Of the group. Its breakers are called `name/key`. */
  name: string;
  /**
   * How many breakers are kept at most, 1 to 1,000,000. Default 1,000, which are about 700 kB. At the limit a new key takes the place of the
   * closed breaker that has been out of use for longest, or, where all are open or half-open, of the one among those. Isolated
   * breakers are never given up: where all are isolated, a new key gets a breaker that is not kept.
   */
  maxBreakers?: number | undefined;
  /**
   * A breaker that has not been asked for in this time is given up, be it closed or open with its time over; not while it is
   * isolated. There is no timer: it is done when a breaker is made or `stats()` is read, and up to a quarter later. Default 600,000.
   */
  idleMs?: number | undefined;
  /** Default: `monotonicClock`. */
  clock?: Clock | undefined;
}

const { initialState: _, ...breakerFields } = optionFields;

export const groupFields = {
  ...breakerFields,
  maxBreakers: option.integer({ min: 1, max: 1_000_000, default: 1_000 }),
  idleMs: option.milliseconds({ min: 1, default: 600_000 }),
};
