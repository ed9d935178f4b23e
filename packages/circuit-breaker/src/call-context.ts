/** What a guarded function receives. */
export class CallContext {
  #signal: AbortSignal | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /**
   * The caller's signal. Where the caller gave none, one that is never aborted, made when it is first read: destructuring
   * (`({ signal }) => …`) reads it and costs an AbortController, `(context) => …` costs nothing.
   */
  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }
}
