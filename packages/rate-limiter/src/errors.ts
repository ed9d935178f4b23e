import { hasErrorCode, MainstayError } from '@mainstay/core';

/** Why `schedule` did not call the function. */
export type ScheduleErrorCode =
  /** `maxWaiting` callers wait already. */
  | 'ERR_RATE_LIMIT_QUEUE_FULL'
  /** Its turn did not come, or could not come, within `timeoutMs`. */
  | 'ERR_RATE_LIMIT_TIMEOUT'
  /** The cost is more than the limit ever allows. */
  | 'ERR_RATE_LIMIT_IMPOSSIBLE'
  /** The limiter was closed. */
  | 'ERR_RATE_LIMITER_CLOSED';

/** `consume` never throws it: being limited is an answer there. */
export class RateLimitError extends MainstayError {
  static {
    Object.defineProperty(RateLimitError.prototype, 'name', { value: 'RateLimitError', configurable: true });
  }

  declare readonly code: ScheduleErrorCode;
  /** The name of the limiter. */
  readonly limiter: string;
  /** Milliseconds after which it is worth trying again. */
  readonly retryAfterMs: number;

  constructor(code: ScheduleErrorCode, limiter: string, message: string, retryAfterMs: number) {
    super(code, message);
    this.limiter = limiter;
    this.retryAfterMs = retryAfterMs;
  }
}

const codes: readonly ScheduleErrorCode[] = [
  'ERR_RATE_LIMIT_QUEUE_FULL',
  'ERR_RATE_LIMIT_TIMEOUT',
  'ERR_RATE_LIMIT_IMPOSSIBLE',
  'ERR_RATE_LIMITER_CLOSED',
];

/** Works across copies of this package. */
export function isRateLimitError(error: unknown): error is RateLimitError {
  return codes.some((code) => hasErrorCode(error, code));
}
