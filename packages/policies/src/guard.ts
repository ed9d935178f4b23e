import { onAbort } from '@mainstay/core';
import { keepShape } from './keep-shape.js';
import { exampleScope, InnerScope, type Run, type Scope } from './scope.js';

/**
 * Anything with `execute(fn, { signal })`: a circuit breaker, a policy of another package or of another copy of this one. It
 * calls `fn` now, later, several times or not at all, and settles with what comes of it.
 */
export interface Guard {
  execute(
    // Whatever context a guard hands out, or none.
    fn: (context?: unknown) => Promise<unknown>,
    options?: { signal?: AbortSignal | undefined },
  ): PromiseLike<unknown>;
}

/** The rest of a pipeline inside of a guard that hands out a signal of its own. */
class GuardedScope extends InnerScope {
  readonly #context: unknown;

  constructor(parent: Scope, context: unknown) {
    super(parent);
    this.#context = context;
  }

  override get abortable(): boolean {
    return true;
  }

  override get aborted(): boolean {
    return this.parent.aborted || this.#own?.aborted === true;
  }

  override get reason(): unknown {
    return this.parent.aborted ? this.parent.reason : this.#own?.reason;
  }

  override get guardSignal(): AbortSignal | undefined {
    return this.#own ?? this.parent.guardSignal;
  }

  /** The guard's is derived from ours, so it knows more. */
  override get signal(): AbortSignal {
    return this.#own ?? this.parent.signal;
  }

  override onAbort(callback: (reason: unknown) => void): () => void {
    const leaveParent = this.parent.onAbort(callback);
    const leaveOwn = onAbort(this.#own, callback);
    return () => {
      leaveParent();
      leaveOwn();
    };
  }

  get #own(): AbortSignal | undefined {
    return signalOf(this.#context);
  }
}

/** The signal that a guard hands out, if it does. */
export function signalOf(context: unknown): AbortSignal | undefined {
  const signal = (context as { readonly signal?: unknown } | null | undefined)?.signal;
  return signal instanceof AbortSignal ? signal : undefined;
}

/**
 * A breaker counts and does not wait: it is told of callers who go away, by signals that exist already, and its context only
 * repeats what it was told.
 */
function breakerStage(guard: Guard, next: Run): Run {
  return (scope) => {
    if (scope.abortable && (guard as { state?: unknown }).state === 'half-open')
      return executeHalfOpen(guard, next, scope);
    const { guardSignal } = scope;
    return executeGuard(guard, () => next(scope), guardSignal && { signal: guardSignal });
  };
}

/**
 * Half-open, a breaker may let the call wait for the place of a probe (`halfOpen.waiting`). Until it runs, a timeout around it ends
 * the wait and counts for nothing: a probe that was never made says nothing about the dependency.
 */
function executeHalfOpen(guard: Guard, next: Run, scope: Scope): Promise<unknown> {
  const controller = new AbortController();
  const abort = (reason: unknown): void => controller.abort(reason);
  let leave = scope.onAbort(abort);
  const begin = (): Promise<unknown> => {
    leave();
    leave = onAbort(scope.guardSignal, abort);
    return next(scope);
  };
  const running = executeGuard(guard, begin, { signal: controller.signal });
  const end = (): void => leave();
  running.then(end, end);
  return running;
}

/** Other guards may wait, or give up on their own: they are told of everything, by a signal that is made when they read it. */
function otherStage(guard: Guard, next: Run): Run {
  return (scope) =>
    executeGuard(
      guard,
      (context) => next(new GuardedScope(scope, context)),
      scope.abortable ? new LazySignal(scope) : undefined,
    );
}

class LazySignal {
  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }
}

function executeGuard(
  guard: Guard,
  fn: (context?: unknown) => Promise<unknown>,
  options: { signal?: AbortSignal } | undefined,
): Promise<unknown> {
  try {
    return Promise.resolve(guard.execute(fn, options));
  } catch (error) {
    return Promise.reject(error);
  }
}

export function guardStage(guard: Guard, next: Run): Run {
  return (guard as { kind?: unknown }).kind === 'circuit-breaker'
    ? breakerStage(guard, next)
    : otherStage(guard, next);
}

export function isGuard(part: unknown): part is Guard {
  return (
    (typeof part === 'object' || typeof part === 'function') &&
    part !== null &&
    typeof (part as Partial<Guard>).execute === 'function'
  );
}

keepShape(new GuardedScope(exampleScope, undefined));
keepShape(new LazySignal(exampleScope));
