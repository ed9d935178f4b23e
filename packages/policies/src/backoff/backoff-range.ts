import { invalidOption, option, readOptions } from '@mainstay/core';
import type { Random } from './backoff.js';

export const rangeFields = {
  baseMs: option.milliseconds({ min: 1, default: 100 }),
  maxMs: option.milliseconds({ min: 1, default: 10_000 }),
};

const fields = { ...rangeFields, random: option.func<Random>({ default: Math.random }) };

interface CheckedRange {
  baseMs: number;
  maxMs: number;
}

/** @param path where the range stands: 'backoff.', or nothing */
export function assertRange(owner: string, path: string, { baseMs, maxMs }: CheckedRange): void {
  if (maxMs < baseMs) {
    throw invalidOption(owner, `${path}maxMs`, `must be at least ${path}baseMs (${baseMs})`, maxMs, 'range');
  }
}

export function readRange(owner: string, options: unknown): CheckedRange & { random: Random } {
  const checked = readOptions(owner, options, fields);
  assertRange(owner, '', checked);
  return checked;
}
