import { option, readOptions } from '@mainstay/core';
import type { FaultSpec } from '../fault.js';
import { choiceFields, type RequestChoice, requestKind } from '../http/request-choice.js';

export interface TruncatedBodyOptions extends RequestChoice {
  /** How much of the body is passed, in bytes; of a shorter body, all but its last byte. Default 0. */
  bytes?: number;
}

export interface TruncatedBodyFault extends FaultSpec, Readonly<Required<TruncatedBodyOptions>> {
  readonly type: 'truncatedBody';
}

const fields = { bytes: option.integer({ min: 0, unit: 'bytes', default: 0 }), ...choiceFields };

/**
 * The head promises the whole body, then the connection is closed before its end. Answers without a body stay whole.
 * @throws TypeError or RangeError for a nonsense value
 */
export function truncatedBody(options?: TruncatedBodyOptions): TruncatedBodyFault {
  return Object.freeze({ type: 'truncatedBody', ...readOptions('truncatedBody', options, fields) });
}

export const truncatedBodyKind = requestKind<TruncatedBodyFault>(
  'truncatedBody',
  truncatedBody,
  (fault, plan) => {
    plan.truncateAtBytes ??= fault.bytes;
  },
);
