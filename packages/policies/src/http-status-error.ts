import { hasErrorCode, MainstayError } from '@mainstay/core';
import { fromHeaders } from './retry-after.js';

const CODE = 'ERR_HTTP_STATUS';

/** What an answer with a failing status is inside of a pipeline; outside, the answer itself is given. */
export class HttpStatusError<Answer = unknown> extends MainstayError {
  static {
    Object.defineProperty(HttpStatusError.prototype, 'name', {
      value: 'HttpStatusError',
      configurable: true,
      writable: true,
    });
  }

  declare readonly code: typeof CODE;
  readonly status: number;
  /** With `resilientFetch` the Response, whose body can still be read. */
  readonly response: Answer;
  /** What its `Retry-After` asks for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** False where the request's body was a stream, which cannot be sent again. */
  readonly retryable: boolean;

  constructor(status: number, headers: unknown, response: Answer, retryable: boolean) {
    super(CODE, `The server answered with status ${status}`);
    this.status = status;
    this.response = response;
    this.retryAfterMs = fromHeaders(headers);
    this.retryable = retryable;
  }
}

/** Recognises the error, whichever copy of this package it comes from. */
export function isHttpStatusError(error: unknown): error is HttpStatusError {
  return hasErrorCode(error, CODE);
}

/** By default: the server failed (5xx), or asks for less (429). */
export function isFailingStatus(status: number): boolean {
  return status >= 500 || status === 429;
}

/** A body that is a stream is gone after the first attempt. */
export class BodyUsedError extends MainstayError {
  readonly retryable = false;

  /** @param cause what the first attempt failed with */
  constructor(cause: unknown) {
    super('ERR_BODY_USED', 'The body of the request is a stream and cannot be sent again', { cause });
  }
}

/**
 * An error of an attempt whose body cannot be sent again ends the retries, and remains itself: to breakers inside, which count
 * one failure and not one of an attempt that never was, and to the caller.
 */
export function endRetries(error: unknown): void {
  if (typeof error === 'object' && error !== null && Object.isExtensible(error)) {
    Object.defineProperty(error, 'retryable', { value: false, configurable: true, writable: true });
  }
}

/** Whether a body can be sent more than once: text, bytes, forms and nothing can; streams and iterables cannot. */
export function isReplayable(body: unknown): boolean {
  return (
    body === undefined ||
    body === null ||
    typeof body === 'string' ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body) ||
    body instanceof Blob ||
    body instanceof URLSearchParams ||
    Object.prototype.toString.call(body) === '[object FormData]'
  );
}
