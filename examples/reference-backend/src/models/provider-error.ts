// Why a provider gave no answer. The text is safe to show: it never quotes what the provider sent.
import { MainstayError } from '@mainstay/core';

export type FailureReason =
  /** No connection, or it broke. */
  | 'unreachable'
  /** No complete answer within `timeoutMs`. */
  | 'timeout'
  /** It answered with an error: 5xx, 429, or a 4xx that means our key or address is wrong. */
  | 'http-error'
  /** It answered 200 with something that is no chat completion. */
  | 'invalid-answer'
  /** It understood the request and refuses it (400, 413, 422): the question's fault, not the provider's. */
  | 'refused'
  /** Not asked: it failed too often a moment ago. */
  | 'circuit-open';

export class ProviderError extends MainstayError {
  constructor(
    readonly reason: Exclude<FailureReason, 'circuit-open'>,
    message: string,
    options?: { cause?: unknown },
  ) {
    super('ERR_PROVIDER', message, options);
  }
}
