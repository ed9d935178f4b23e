import { Events, type Listener } from '@mainstay/core';
import { CallContext } from './call-context.js';
import { promiseOf, rejected } from './call-end.js';
import { callWithSignal } from './call-with-signal.js';
import { Circuit } from './circuit.js';
import { type CircuitOpenError, circuitOpenError } from './circuit-open-error.js';
import type { CircuitBreakerOptions } from './options.js';
import { Permit } from './permit.js';
import { prepared } from './prepared-options.js';
import { type CircuitBreakerState, restoredSnapshot, serialized } from './serialized-state.js';
import {
  type CircuitBreakerEvents,
  type CircuitBreakerStats,
  type CircuitState,
  eventNames,
} from './types.js';
import { NO_TICKET, type WaitingLine } from './waiting-line.js';

type Work<Result> = (context: CallContext) => Result | PromiseLike<Result>;

export interface ExecuteOptions {
  /** The caller's. Once it is aborted the call rejects with its reason, and counts neither for nor against the dependency. */
  signal?: AbortSignal | null | undefined;
}

/**
 * Stops calling what is failing, and finds out cheaply when it works again.
 *
 * Closed, it lets every call through and counts; when one of the trip rules is broken it opens and turns calls away with a
 * {@link CircuitOpenError} at once; after the open time it is half-open and lets a few probes through, which close it or
 * open it again. There is no timer: the state changes when a call comes or ends.
 */
export class CircuitBreaker {
  readonly #circuit: Circuit;

  /** @throws TypeError or RangeError naming the option that is wrong, what was received and what is allowed */
  constructor(options: CircuitBreakerOptions) {
    const { name, settings, events, initialState } = prepared(options);
    this.#circuit = new Circuit(name, settings, events);
    if (initialState !== undefined)
      this.#circuit.restore(restoredSnapshot(initialState, settings.openTime.maxMs));
  }

  get kind(): 'circuit-breaker' {
    return 'circuit-breaker';
  }

  get name(): string {
    return this.#circuit.name;
  }

  /** As of the last call: an open circuit whose time is over becomes half-open when the next call comes. */
  get state(): CircuitState {
    return this.#circuit.state;
  }

  /** How long to wait before a call is worth making, in milliseconds; 0 where one would be admitted. */
  get retryAfterMs(): number {
    return this.#circuit.retryAfterMs(this.#circuit.settings.clock.coarseNow());
  }

  /**
   * Calls `fn`, unless the circuit is open, and passes on what it returns, rejects with or throws.
   *
   * A rejection and a throw are failures (unless `isFailure` says otherwise), a value that is no promise is a success, any
   * thenable will do. A call that never settles is in no statistics; as a probe it loses its place after `halfOpen.leaseMs`.
   * `fn` may call the same breaker: the inner call is counted, and admitted or turned away, like any other.
   * @returns rejects with CircuitOpenError; with the signal's reason, at once, when it is or becomes aborted (`fn` is told by
   *   its own `signal`); with TypeError when `fn` is not a function. It never throws.
   */
  execute<Result>(
    fn: (context: CallContext) => Result | PromiseLike<Result>,
    options?: ExecuteOptions,
  ): Promise<Result> {
    if (typeof fn !== 'function') return Promise.reject(notAFunction('execute', fn));
    const signal = options?.signal;
    if (signal != null) {
      // Asked before a ticket is taken, since a probe's would be lost.
      if (typeof signal.addEventListener !== 'function') return Promise.reject(notASignal(signal));
      if (signal.aborted) return Promise.reject(signal.reason);
    }
    const ticket = this.#circuit.before();
    if (ticket === NO_TICKET) {
      const line = this.#circuit.lineForProbes();
      return line === undefined
        ? Promise.reject(this.#turnAway(this.state, this.#circuit.retryAfterRejectionMs))
        : this.#executeAfterWaiting(line, fn, signal);
    }
    return signal == null ? this.#execute(fn, ticket) : callWithSignal(this.#circuit, fn, ticket, signal);
  }

  /**
   * The function behind the breaker, with the same parameters and `this`. What it returns becomes a promise.
   * @throws TypeError when `fn` is not a function
   */
  wrap<This, Parameters extends unknown[], Result>(
    fn: (this: This, ...parameters: Parameters) => Result | PromiseLike<Result>,
  ): (this: This, ...parameters: Parameters) => Promise<Result> {
    if (typeof fn !== 'function') throw notAFunction('wrap', fn);
    const breaker = this;
    return function guarded(this: This, ...parameters: Parameters): Promise<Result> {
      return breaker.execute(() => fn.apply(this, parameters));
    };
  }

  /** Leave to make one call, or undefined where the circuit is open: a hundredth of what a rejection costs. */
  tryAcquire(): Permit | undefined {
    const ticket = this.#circuit.before();
    if (ticket !== NO_TICKET) return new Permit(this.#circuit, ticket, this.#circuit.startTime());
    this.#circuit.rejected++;
    if (this.#circuit.events?.has('reject'))
      this.#announceRejection(this.state, this.#circuit.retryAfterRejectionMs);
    return undefined;
  }

  /** Holds the circuit open until it has been released as many times as it was isolated. */
  isolate(): void {
    this.#circuit.isolate();
  }

  /** Takes one `isolate` back; the last one closes the circuit, with an empty window. Does nothing on its own. */
  release(): void {
    this.#circuit.release();
  }

  /** Closes the circuit and forgets its window, its repeated trips and every `isolate`. The counters of `stats()` stay. */
  reset(): void {
    this.#circuit.reset();
  }

  /**
   * Adds a listener. One that throws changes nothing and becomes a process warning (`MAINSTAY_LISTENER`).
   * @returns removes it
   * @throws TypeError for an unknown event
   */
  on<Event extends keyof CircuitBreakerEvents>(
    event: Event,
    listener: Listener<CircuitBreakerEvents[Event]>,
  ): () => void {
    if (!eventNames.includes(event)) {
      throw new TypeError(
        `CircuitBreaker: there is no event "${String(event)}", only ${eventNames.join(', ')}`,
      );
    }
    this.#circuit.events ??= new Events();
    return this.#circuit.events.on(event, listener);
  }

  stats(): CircuitBreakerStats {
    const circuit = this.#circuit;
    const { state, succeeded, failed, ignored, rejected, slow, late, opened, stateChanges, window } = circuit;
    const now = circuit.settings.clock.now();
    const windowCalls = window.calls(now);
    const windowFailures = window.failures(now);
    return {
      ...{ state, succeeded, failed, ignored, rejected, slow, late, opened, stateChanges },
      windowCalls,
      windowFailures,
      failureRate: windowCalls === 0 ? 0 : windowFailures / windowCalls,
      openForMs: circuit.openForMs(now),
      waiting: circuit.waiting,
    };
  }

  /**
   * What a restart should not forget, to be given back as `initialState`: the state, what is left of the open time, the
   * repeated trips, the consecutive failures and the isolations. The window begins empty.
   */
  toJSON(): CircuitBreakerState {
    return serialized(this.#circuit.snapshot(this.#circuit.settings.clock.now()));
  }

  #execute<Result>(fn: Work<Result>, ticket: number): Promise<Result> {
    const circuit = this.#circuit;
    const startedAt = circuit.startTime();
    try {
      return circuit.follow(promiseOf(fn(new CallContext(undefined))), ticket, startedAt);
    } catch (error) {
      rejected(circuit, ticket, startedAt, error);
      return Promise.reject(error);
    }
  }

  async #executeAfterWaiting<Result>(
    line: WaitingLine,
    fn: Work<Result>,
    signal: AbortSignal | null | undefined,
  ): Promise<Result> {
    const { state } = this;
    const ticket = await line.wait(signal ?? undefined);
    // Still that of the probes where the wait was too long: the circuit may have closed, and lets the line in by and by.
    if (ticket === NO_TICKET)
      throw this.#turnAway(this.state === 'closed' ? state : this.state, this.retryAfterMs);
    // Between the turn and this line the circuit may have been isolated, or have opened.
    if (this.state === 'isolated' || this.state === 'open')
      throw this.#turnAway(this.state, this.retryAfterMs);
    if (signal == null) return this.#execute(fn, ticket);
    if (!signal.aborted) return callWithSignal(this.#circuit, fn, ticket, signal);
    this.#circuit.after(ticket, 'ignored', 0, undefined);
    throw signal.reason;
  }

  #turnAway(state: CircuitState, retryAfterMs: number): CircuitOpenError {
    const { name } = this;
    this.#circuit.rejected++;
    if (this.#circuit.events?.has('reject')) this.#announceRejection(state, retryAfterMs);
    return circuitOpenError(name, state, retryAfterMs);
  }

  #announceRejection(state: CircuitState, retryAfterMs: number): void {
    this.#circuit.events?.emit('reject', { name: this.name, state, retryAfterMs });
  }
}

function notAFunction(method: string, received: unknown): TypeError {
  return new TypeError(
    `CircuitBreaker: ${method} takes a function, received ${received === null ? 'null' : typeof received}`,
  );
}

function notASignal(received: unknown): TypeError {
  return new TypeError(`CircuitBreaker: signal must be an AbortSignal, received ${typeof received}`);
}
