import { invalidOption, option, readOptions } from '@mainstay/core';

/** How many resources a pool may have; all of it can change while it is in use. */
export interface Limits {
  min: number;
  max: number;
  overflow: number;
}

/** Open or opening at once. */
export const mostOf = ({ max, overflow }: Limits): number => max + overflow;

/** @throws TypeError, RangeError */
export function readLimits(received: Partial<Limits>, present: Limits): Limits {
  const whole = (default_: number, min: number) =>
    option.integer({ min, max: Number.MAX_SAFE_INTEGER, default: default_ });
  const limits = readOptions('Pool.resize', received, {
    min: whole(present.min, 0),
    max: whole(present.max, 1),
    overflow: whole(present.overflow, 0),
  });
  if (limits.min > limits.max) {
    throw invalidOption('Pool.resize', 'min', `must be at most max (${limits.max})`, limits.min, 'range');
  }
  return limits;
}
