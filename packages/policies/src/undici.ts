import { option, readOptions } from '@mainstay/core';
import type { Dispatcher } from 'undici';
import { type Guard, isGuard } from './guard.js';
import { isFailingStatus } from './http-status-error.js';
import { GuardedDispatch } from './undici/guarded-dispatch.js';

export { HttpStatusError, isHttpStatusError } from './http-status-error.js';

export interface ResilientInterceptorOptions {
  /** Which status codes are failures (default: 5xx and 429). */
  isFailure?: ((statusCode: number) => boolean) | undefined;
}

const fields = { isFailure: option.func<(statusCode: number) => boolean>({ default: isFailingStatus }) };

/**
 * Every request of a dispatcher behind a pipeline: `new Agent().compose(resilientInterceptor(pipeline(retry(), breaker)))`, for
 * `request`, `stream`, `pipeline` and the `fetch` of undici alike.
 *
 * Inside the pipeline a failing status is a rejection with an HttpStatusError; when it is the last word, the answer goes to
 * the caller with its body as if nothing had been there. Answers that were replaced are read to their end, 128 kB at most, so
 * that their connection can be used again. The call ends with the headers: a timeout does not cover the body. A body that
 * is a stream is sent once; the `fetch` of undici makes one of every body. Upgrades and CONNECT go past the pipeline.
 * @param guard a pipeline, a policy, or anything with `execute(fn, { signal })`
 * @throws TypeError for a guard without `execute` or a wrong option
 */
export function resilientInterceptor(
  guard: Guard,
  options?: ResilientInterceptorOptions,
): Dispatcher.DispatcherComposeInterceptor {
  if (!isGuard(guard))
    throw new TypeError(`resilientInterceptor: takes a pipeline, received ${typeof guard}`);
  const { isFailure } = readOptions('resilientInterceptor', options, fields);
  return (dispatch) => (request, handler) => {
    if (request.method === 'CONNECT' || request.upgrade) return dispatch(request, handler);
    new GuardedDispatch(guard, isFailure, dispatch, request, handler).begin();
    return true;
  };
}
