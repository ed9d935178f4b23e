import { option, readOptions } from '@mainstay/core';
import type { FaultSpec } from '../fault.js';
import { choiceFields, type RequestChoice, requestKind } from '../http/request-choice.js';

export interface HttpErrorOptions extends RequestChoice {
  /** 400 to 599. Default 503. */
  status?: number;
  /** The text of the answer. Default `injected by fault-proxy`. */
  body?: string;
  /** Sent as the `Retry-After` header. None by default. */
  retryAfterSeconds?: number;
}

export interface HttpErrorFault
  extends FaultSpec,
    Readonly<Omit<Required<HttpErrorOptions>, 'retryAfterSeconds'>> {
  readonly type: 'httpError';
  readonly retryAfterSeconds: number | undefined;
}

const fields = {
  status: option.integer({ min: 400, max: 599, default: 503 }),
  body: option.string({ minLength: 0, maxLength: 65_536, default: 'injected by fault-proxy\n' }),
  retryAfterSeconds: option.integer({ min: 0, max: 2_147_483_647, optional: true }),
  ...choiceFields,
};

/**
 * Answers with an error; the target never sees the request.
 * @throws TypeError or RangeError for a nonsense value
 */
export function httpError(options?: HttpErrorOptions): HttpErrorFault {
  return Object.freeze({ type: 'httpError', ...readOptions('httpError', options, fields) });
}

export const httpErrorKind = requestKind<HttpErrorFault>('httpError', httpError, (fault, plan) => {
  const { status, body, retryAfterSeconds } = fault;
  plan.substitute ??= {
    status,
    body,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
  };
});
