import { option, readOptions } from '@mainstay/core';
import type { FaultSpec } from '../fault.js';
import { choiceFields, type RequestChoice, requestKind } from '../http/request-choice.js';

export interface SlowBodyOptions extends RequestChoice {
  /** How fast the body of the response comes, in bytes a second. */
  bytesPerSecond: number;
}

export interface SlowBodyFault extends FaultSpec, Readonly<Required<SlowBodyOptions>> {
  readonly type: 'slowBody';
}

const fields = {
  bytesPerSecond: option.number({ min: 1, max: 1e12, unit: 'bytes a second' }),
  ...choiceFields,
};

/**
 * The head of the response comes as ever, its body slowly.
 * @throws TypeError or RangeError for a nonsense value
 */
export function slowBody(options: SlowBodyOptions): SlowBodyFault {
  return Object.freeze({ type: 'slowBody', ...readOptions('slowBody', options, fields) });
}

export const slowBodyKind = requestKind<SlowBodyFault>('slowBody', slowBody, (fault, plan, { isActive }) => {
  plan.slowBody ??= { amount: fault.bytesPerSecond, isActive };
});
