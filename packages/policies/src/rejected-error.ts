import { hasErrorCode, MainstayError, withoutStack } from '@mainstay/core';
import { keepShape } from './keep-shape.js';

export type RejectedCode = 'ERR_BULKHEAD_FULL' | 'ERR_CONCURRENCY_LIMIT' | 'ERR_THROTTLED';

/** Why a policy did not let a call through. */
export type RejectReason = 'full' | 'waited-too-long' | 'displaced' | 'event-loop-late' | 'throttled';

const words: Record<RejectReason, string> = {
  full: 'is full',
  'waited-too-long': 'had no place in time',
  displaced: 'gave the place in its queue to a call of higher priority',
  'event-loop-late': 'turns away low priority while the event loop is late',
  throttled: 'turns away calls that would be rejected anyway',
};

/** The call was not made. Without a stack trace: there may be thousands a second. */
export class RejectedError extends MainstayError {
  static {
    Object.defineProperty(RejectedError.prototype, 'name', {
      value: 'RejectedError',
      configurable: true,
      writable: true,
    });
  }

  declare readonly code: RejectedCode;
  /** The name of the policy. */
  readonly policyName: string;
  readonly reason: RejectReason;

  constructor(code: RejectedCode, kind: string, policyName: string, reason: RejectReason) {
    super(code, `The ${kind} "${policyName}" ${words[reason]}`);
    this.policyName = policyName;
    this.reason = reason;
  }
}

export function rejected(
  code: RejectedCode,
  kind: string,
  policyName: string,
  reason: RejectReason,
): RejectedError {
  return withoutStack(() => new RejectedError(code, kind, policyName, reason));
}

/** Whether the error comes from a bulkhead, an adaptive limit or a throttle: nothing was called. */
export function isRejectedError(error: unknown): error is RejectedError {
  return (
    hasErrorCode(error, 'ERR_BULKHEAD_FULL') ||
    hasErrorCode(error, 'ERR_CONCURRENCY_LIMIT') ||
    hasErrorCode(error, 'ERR_THROTTLED')
  );
}

keepShape(rejected('ERR_BULKHEAD_FULL', 'example', 'example', 'full'));
