import { Events, type Listener } from '@mainstay/core';
import type { ExecuteOptions, Work } from './call-context.js';
import { notAFunction, runWork, start } from './run-work.js';
import type { Run } from './scope.js';

/** How a policy of this package becomes a stage: not part of its public face. */
export const bindStage = Symbol('bindStage');

/** Carries a type only: what a policy may answer with besides the result of `fn`. */
export declare const substitute: unique symbol;

/**
 * What all policies share. Each can be used alone (`execute`, `wrap`) or as a part of a `pipeline`.
 * @typeParam Substitute what it may answer with besides the result of `fn` (`fallback`)
 * @typeParam EventMap its events
 */
export abstract class Policy<Substitute = never, EventMap extends object = object> {
  declare readonly [substitute]: Substitute;
  abstract readonly kind: string;
  readonly name: string;
  /** Undefined until somebody listens. */
  protected events: Events<EventMap> | undefined;
  #run: Run | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** The names that `on` takes. */
  protected abstract readonly eventNames: readonly string[];

  /** A flat snapshot: counters that only grow, and gauges of this moment. */
  abstract stats(): object;

  /** @internal The policy followed by the rest of a pipeline. */
  abstract [bindStage](next: Run): Run;

  /**
   * Calls `fn` under this policy and passes on what it returns, rejects with or throws. `fn` may return a value, a promise or
   * any thenable.
   * @returns never throws: rejects with the policy's own errors; with the signal's reason, at once, when that is or becomes
   *   aborted; with TypeError when `fn` is not a function
   */
  execute<Result>(fn: Work<Result>, options?: ExecuteOptions): Promise<Result | Substitute> {
    this.#run ??= this[bindStage](runWork);
    return start<Result | Substitute>(this.kind, this.#run, fn, options);
  }

  /**
   * The function under this policy, with the same parameters and `this`. What it returns becomes a promise.
   * @throws TypeError when `fn` is not a function
   */
  wrap<This, Parameters extends unknown[], Result>(
    fn: (this: This, ...parameters: Parameters) => Result | PromiseLike<Result>,
  ): (this: This, ...parameters: Parameters) => Promise<Result | Substitute> {
    if (typeof fn !== 'function') throw notAFunction(this.kind, 'wrap', fn);
    const policy = this;
    return function guarded(this: This, ...parameters: Parameters): Promise<Result | Substitute> {
      return policy.execute(() => fn.apply(this, parameters));
    };
  }

  /**
   * Adds a listener. One that throws changes nothing and becomes a process warning (`MAINSTAY_LISTENER`).
   * @returns removes it
   * @throws TypeError for an unknown event
   */
  on<Event extends keyof EventMap & string>(event: Event, listener: Listener<EventMap[Event]>): () => void {
    if (!this.eventNames.includes(event)) {
      throw new TypeError(
        `${this.kind}: there is no event ${JSON.stringify(event)}, only ${this.eventNames.join(', ')}`,
      );
    }
    this.events ??= new Events();
    return this.events.on(event, listener);
  }
}
