import { option, readOptions } from '@mainstay/core';
import type { FaultSpec } from '../fault.js';
import { choiceFields, type RequestChoice, requestKind } from '../http/request-choice.js';

export interface SlowHeadersOptions extends RequestChoice {
  /** How long the head of the response takes to arrive, piece by piece, in milliseconds. */
  ms: number;
}

export interface SlowHeadersFault extends FaultSpec, Readonly<Required<SlowHeadersOptions>> {
  readonly type: 'slowHeaders';
}

const fields = { ms: option.milliseconds(), ...choiceFields };

/**
 * The head of the response drips in over `ms` after the target has answered; the body follows as ever.
 * @throws TypeError or RangeError for a nonsense value
 */
export function slowHeaders(options: SlowHeadersOptions): SlowHeadersFault {
  return Object.freeze({ type: 'slowHeaders', ...readOptions('slowHeaders', options, fields) });
}

export const slowHeadersKind = requestKind<SlowHeadersFault>(
  'slowHeaders',
  slowHeaders,
  (fault, plan, { isActive }) => {
    plan.slowHead ??= { amount: fault.ms, isActive };
  },
);
