/** What a guarded function receives. */
export interface CallContext {
  /**
   * Aborted when the answer is no longer wanted: the caller went away, a timeout was reached, another hedge was faster. Never
   * after the call has succeeded, so that a body may still be streamed.
   *
   * It is made when it is first read. Destructuring (`({ signal }) => …`) reads it and costs an AbortController, 2 to 3 µs;
   * `(context) => …` costs nothing until `context.signal` is asked for. Once made it is the same for the whole attempt.
   */
  readonly signal: AbortSignal;
}

/** A function that can be guarded: it may return a promise, any thenable or a value, and it may throw. */
export type Work<Result> = (context: CallContext) => Result | PromiseLike<Result>;

/** Who is turned away last when not everybody can be served. */
export type Priority = 'high' | 'normal' | 'low';

export interface ExecuteOptions {
  /** The caller's. Once it is aborted the call rejects with its reason at once; what still runs is told by its own signal. */
  signal?: AbortSignal | null | undefined;
  /** For `adaptiveConcurrency` (default 'normal'). */
  priority?: Priority | undefined;
}
