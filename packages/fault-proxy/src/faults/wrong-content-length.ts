import { option, readOptions } from '@mainstay/core';
import type { FaultSpec } from '../fault.js';
import { choiceFields, type RequestChoice, requestKind } from '../http/request-choice.js';

export interface WrongContentLengthOptions extends RequestChoice {
  /** How many bytes more (or, below zero, fewer) than there are the head declares; at least zero are declared. Default 10. */
  by?: number;
}

export interface WrongContentLengthFault extends FaultSpec, Readonly<Required<WrongContentLengthOptions>> {
  readonly type: 'wrongContentLength';
}

const fields = {
  by: option.custom<number>(
    'a whole number of bytes from -1000000000 to 1000000000, but not 0',
    (received) => {
      if (typeof received !== 'number') return false;
      return Number.isSafeInteger(received) && received !== 0 && Math.abs(received) <= 1e9 ? true : 'range';
    },
    { default: 10 },
  ),
  ...choiceFields,
};

/**
 * The head declares a length that is not the body's; the connection is closed after the body. Answers without a body stay as
 * they are.
 * @throws TypeError or RangeError for a nonsense value
 */
export function wrongContentLength(options?: WrongContentLengthOptions): WrongContentLengthFault {
  return Object.freeze({ type: 'wrongContentLength', ...readOptions('wrongContentLength', options, fields) });
}

export const wrongContentLengthKind = requestKind<WrongContentLengthFault>(
  'wrongContentLength',
  wrongContentLength,
  (fault, plan) => {
    plan.lengthOff ??= fault.by;
  },
);
