import { option, readOptions } from '@mainstay/core';
import { decide } from './ask.js';
import type { CallContext } from './call-context.js';
import { FallbackError } from './fallback-error.js';
import { bindStage, Policy } from './policy.js';
import { type CheckedJudges, type Judges, judgesField, nameField } from './policy-options.js';
import type { Run, Scope } from './scope.js';

/**
 * What to answer with instead. It may be asynchronous, and call another guard: `(error, { signal }) => second.execute(…)`.
 * @param error what the call, or the fallback before this one, failed with; thrown again, it says "not for me"
 */
export type FallbackFunction<Result = unknown> = (
  error: unknown,
  context: CallContext,
) => Result | PromiseLike<Result>;

export interface FallbackOptions {
  name?: string | undefined;
  /** Which errors are replaced (default: all), and which results (default: none). */
  shouldFallback?: ((error: unknown) => boolean) | Judges<[]> | undefined;
}

const fields = {
  name: nameField('fallback'),
  shouldFallback: judgesField<[]>(),
  functions: option.array(option.func<FallbackFunction>(), { minLength: 1, maxLength: 100 }),
};

export interface FallbackEvents {
  /** A fallback is asked; `index` counts from 0. */
  fallback: { name: string; index: number; error: unknown };
}

export interface FallbackStats {
  /** Calls that needed no fallback. */
  succeeded: number;
  /** Calls that a fallback answered. */
  recovered: number;
  failed: number;
  aborted: number;
}

/** Made by {@link fallback}. */
export class FallbackPolicy<Substitute> extends Policy<Substitute, FallbackEvents> {
  readonly kind = 'fallback';
  protected readonly eventNames = ['fallback'] as const;
  readonly #functions: readonly FallbackFunction[];
  readonly #judges: CheckedJudges<[]>;
  #succeeded = 0;
  #recovered = 0;
  #failed = 0;
  #aborted = 0;

  constructor(functions: readonly FallbackFunction[], options: FallbackOptions | undefined) {
    const checked = readOptions('fallback', { ...options, functions }, fields);
    super(checked.name);
    this.#functions = checked.functions;
    this.#judges = checked.shouldFallback;
  }

  stats(): FallbackStats {
    return {
      succeeded: this.#succeeded,
      recovered: this.#recovered,
      failed: this.#failed,
      aborted: this.#aborted,
    };
  }

  /** @internal */
  [bindStage](next: Run): Run {
    return (scope) => this.#call(next, scope);
  }

  async #call(next: Run, scope: Scope): Promise<unknown> {
    let error: unknown;
    try {
      const result = await next(scope);
      if (!this.#replaces(this.#judges.result, result, false)) {
        this.#succeeded += 1;
        return result;
      }
      error = result;
    } catch (thrown) {
      if (scope.aborted) return this.#abort(thrown);
      if (!this.#replaces(this.#judges.error, thrown, true)) {
        this.#failed += 1;
        throw thrown;
      }
      error = thrown;
    }
    return this.#fallBack(error, scope);
  }

  #replaces(judge: ((value: unknown) => boolean) | undefined, value: unknown, otherwise: boolean): boolean {
    return judge === undefined ? otherwise : decide('shouldFallback', judge, otherwise, value);
  }

  async #fallBack(first: unknown, scope: Scope): Promise<unknown> {
    const errors = [first];
    for (const [index, answer] of this.#functions.entries()) {
      const error = errors.at(-1);
      if (scope.aborted) return this.#abort(scope.reason);
      if (this.events?.has('fallback')) this.events.emit('fallback', { name: this.name, index, error });
      try {
        const result = await answer(error, scope);
        this.#recovered += 1;
        return result;
      } catch (thrown) {
        if (thrown !== error) errors.push(thrown);
      }
    }
    if (scope.aborted) return this.#abort(scope.reason);
    this.#failed += 1;
    throw errors.length === 1 ? first : new FallbackError(this.name, errors);
  }

  #abort(reason: unknown): never {
    this.#aborted += 1;
    throw reason;
  }
}

type Answers<Functions extends readonly FallbackFunction[]> = Awaited<ReturnType<Functions[number]>>;

/**
 * Answers with something else where the call fails: the first function that neither throws nor rejects decides. Where all do,
 * the call rejects with a {@link FallbackError} whose `cause` is the call's own error, or with that error itself where every
 * function only threw it again. Nothing is asked after an abort. The last argument may be the options.
 * @throws TypeError when there is no function, or for a wrong option
 */
export function fallback<Functions extends readonly FallbackFunction[]>(
  ...functions: Functions
): FallbackPolicy<Answers<Functions>>;
export function fallback<Functions extends readonly FallbackFunction[]>(
  ...functionsAndOptions: [...Functions, FallbackOptions]
): FallbackPolicy<Answers<Functions>>;
export function fallback(...received: unknown[]): FallbackPolicy<unknown> {
  const last = received.at(-1);
  const hasOptions = typeof last === 'object' && last !== null;
  const functions = hasOptions ? received.slice(0, -1) : received;
  return new FallbackPolicy(functions as FallbackFunction[], hasOptions ? last : undefined);
}
