import type { Circuit } from './circuit.js';
import type { Outcome } from './types.js';

/**
 * Leave to make one call, got with {@link CircuitBreaker.tryAcquire}, for work that is no promise: streams, callbacks.
 * Say how it ended, with one of the three; the first counts, further ones do nothing. A permit that is never given back
 * costs nothing while the circuit is closed, and its place for `halfOpen.leaseMs` while it is half-open.
 */
export class Permit {
  readonly #circuit: Circuit;
  readonly #ticket: number;
  readonly #startedAt: number;
  #ended = false;

  /** @internal */
  constructor(circuit: Circuit, ticket: number, startedAt: number) {
    this.#circuit = circuit;
    this.#ticket = ticket;
    this.#startedAt = startedAt;
  }

  success(): void {
    this.#end('success', undefined);
  }

  /** @param error passed on to the listeners of `failure`; `isFailure` is not asked */
  failure(error?: unknown): void {
    this.#end('failure', error);
  }

  /** The call says nothing about the dependency: its caller went away, or it was not made at all. */
  ignore(): void {
    this.#end('ignored', undefined);
  }

  #end(outcome: Outcome, error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#circuit.after(this.#ticket, outcome, this.#startedAt, error);
  }
}
