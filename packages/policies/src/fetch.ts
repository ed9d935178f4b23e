import { option, readOptions, withoutStack } from '@mainstay/core';
import { decide } from './ask.js';
import { type Guard, isGuard, signalOf } from './guard.js';
import {
  BodyUsedError,
  endRetries,
  HttpStatusError,
  isFailingStatus,
  isReplayable,
} from './http-status-error.js';

export { HttpStatusError, isHttpStatusError } from './http-status-error.js';

type Fetch = typeof globalThis.fetch;
type Input = Parameters<Fetch>[0];

export interface ResilientFetchOptions {
  /** Default: `globalThis.fetch`, looked up at each call. */
  fetch?: Fetch | undefined;
  /** Which answers are failures (default: 5xx and 429). Do not read the body here: clone the response for that. */
  isFailure?: ((response: Response) => boolean) | undefined;
}

const fields = {
  fetch: option.func<Fetch>({ optional: true }),
  isFailure: option.func<(response: Response) => boolean>({
    default: (response: Response) => isFailingStatus(response.status),
  }),
};

/**
 * A `fetch` behind a pipeline, with the standard signature.
 *
 * Inside the pipeline a failing answer is a rejection with an {@link HttpStatusError}: breakers count it, `retry` repeats it
 * and waits as long as its `Retry-After` asks. When it is the last word the caller receives the Response as from any
 * `fetch`, and can read its body; the bodies of answers that were replaced are cancelled. Other errors reject.
 *
 * The call ends with the headers: a timeout does not cover the body, and nothing but the caller's own signal aborts it. A body
 * that is a stream is sent once, and the body of a Request is one: give text and bytes in the second parameter. Whether a
 * request may be made twice is the caller's to know: give `retry` only what is idempotent.
 * @param guard a pipeline, a policy, or anything with `execute(fn, { signal })`
 * @throws TypeError for a guard without `execute` or a wrong option
 */
export function resilientFetch(guard: Guard, options?: ResilientFetchOptions): Fetch {
  if (!isGuard(guard)) throw new TypeError(`resilientFetch: takes a pipeline, received ${typeof guard}`);
  const { fetch, isFailure } = readOptions('resilientFetch', options, fields);
  return (input, init) => new FetchCall(fetch ?? globalThis.fetch, isFailure, input, init).execute(guard);
}

class FetchCall {
  readonly #fetch: Fetch;
  readonly #isFailure: (response: Response) => boolean;
  readonly #input: Input;
  readonly #init: RequestInit | undefined;
  readonly #caller: AbortSignal | undefined;
  readonly #replayable: boolean;
  /** Answers that nobody has decided about yet: the good ones, and the last of the failing ones. */
  readonly #good = new Set<Response>();
  #failing: Response | undefined;
  #attempts = 0;
  #lastFailure: unknown;
  #over = false;

  constructor(
    fetch: Fetch,
    isFailure: (response: Response) => boolean,
    input: Input,
    init: RequestInit | undefined,
  ) {
    this.#fetch = fetch;
    this.#isFailure = isFailure;
    this.#input = input;
    this.#init = init;
    const request = isRequest(input) ? input : undefined;
    this.#caller = (init?.signal === undefined ? request?.signal : init.signal) ?? undefined;
    this.#replayable = isReplayable(init?.body ?? request?.body);
  }

  async execute(guard: Guard): Promise<Response> {
    const options = this.#caller === undefined ? undefined : { signal: this.#caller };
    let answer: Response | undefined;
    try {
      const result = await guard.execute((context) => this.#attempt(signalOf(context)), options);
      answer = result as Response;
    } catch (error) {
      const response = error instanceof HttpStatusError ? (error.response as Response) : undefined;
      if (response === undefined || response !== this.#failing) throw error;
      answer = response;
    } finally {
      this.#over = true;
      this.#discardAllBut(answer);
    }
    return answer;
  }

  async #attempt(signal: AbortSignal | undefined): Promise<Response> {
    this.#attempts += 1;
    if (this.#attempts > 1 && !this.#replayable) throw new BodyUsedError(this.#lastFailure);
    // Only the last failure can be the answer; the connections of those before it are wanted back.
    this.#giveUpFailing();
    const request = { ...this.#init, signal: this.#joined(signal) };
    let response: Response;
    try {
      response = await this.#fetch.call(globalThis, this.#input, request);
    } catch (error) {
      this.#lastFailure = error;
      if (!this.#replayable && !request.signal?.aborted) endRetries(error);
      throw error;
    }
    return this.#judge(response);
  }

  #judge(response: Response): Response {
    if (this.#over) discard(response);
    if (!decide('isFailure', this.#isFailure, isFailingStatus(response.status), response)) {
      this.#good.add(response);
      return response;
    }
    this.#giveUpFailing();
    this.#failing = response;
    const { status, headers } = response;
    const error = withoutStack(() => new HttpStatusError(status, headers, response, this.#replayable));
    this.#lastFailure = error;
    throw error;
  }

  /** After an answer the policies leave their signals alone; the caller's own goes on to guard the body. */
  #joined(signal: AbortSignal | undefined): AbortSignal | null {
    if (signal === undefined) return this.#caller ?? null;
    if (this.#caller === undefined || signal === this.#caller) return signal;
    return AbortSignal.any([signal, this.#caller]);
  }

  #giveUpFailing(): void {
    if (this.#failing !== undefined) discard(this.#failing);
    this.#failing = undefined;
  }

  #discardAllBut(answer: Response | undefined): void {
    for (const response of this.#good) if (response !== answer) discard(response);
    this.#good.clear();
    if (this.#failing !== answer) this.#giveUpFailing();
  }
}

/** Also the Request of another implementation, which a `fetch` of its own may take: undici's is not the one of Node. */
function isRequest(input: Input): input is Request {
  return typeof input === 'object' && input !== null && 'headers' in input && 'signal' in input;
}

function discard(response: Response): void {
  // Rejects where somebody is reading it: then it is theirs to finish.
  response.body?.cancel().catch(() => {});
}
