import { option, readOptions } from '@mainstay/core';
import type { FaultSpec } from '../fault.js';
import { choiceFields, type RequestChoice, requestKind } from '../http/request-choice.js';

export interface GarbageOptions extends RequestChoice {
  /** How many random bytes are sent. Default 64. */
  bytes?: number;
}

export interface GarbageFault extends FaultSpec, Readonly<Required<GarbageOptions>> {
  readonly type: 'garbage';
}

const fields = {
  bytes: option.integer({ min: 1, max: 1_048_576, unit: 'bytes', default: 64 }),
  ...choiceFields,
};

/**
 * Answers with random bytes that are no HTTP, and closes; the target never sees the request. The bytes follow from the seed.
 * @throws TypeError or RangeError for a nonsense value
 */
export function garbage(options?: GarbageOptions): GarbageFault {
  return Object.freeze({ type: 'garbage', ...readOptions('garbage', options, fields) });
}

export const garbageKind = requestKind<GarbageFault>('garbage', garbage, (fault, plan, { random }) => {
  plan.substitute ??= { garbageBytes: fault.bytes, random };
});
