import { option, readOptions } from '@mainstay/core';
import type { CheckOptions } from './check.js';

/** A check's options with the defaults filled in. */
export type CheckSettings = Required<CheckOptions>;

const checkFields = {
  name: option.string({ maxLength: 100 }),
  run: option.func<CheckOptions['run']>(),
  critical: option.boolean({ default: true }),
  timeoutMs: option.milliseconds({ min: 1, default: 1_000 }),
  cacheMs: option.milliseconds({ default: 1_000 }),
  intervalMs: option.milliseconds({ min: 10, default: 10_000 }),
  failureThreshold: option.integer({ min: 1, max: 1_000, default: 1 }),
  successThreshold: option.integer({ min: 1, max: 1_000, default: 1 }),
};

export const checksField = option.array(option.object(checkFields), { maxLength: 1_000 });

export function readCheck(options: CheckOptions): CheckSettings {
  return readOptions('HealthChecks.add', options, checkFields);
}
