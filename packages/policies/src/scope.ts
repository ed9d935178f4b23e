import { onAbort } from '@mainstay/core';
import type { CallContext, Priority, Work } from './call-context.js';
import { keepShape } from './keep-shape.js';
import type { RetryBudget } from './retry-budget.js';
import type { Slot } from './slot.js';

/** One stage of a pipeline with all that follow it. It never throws. */
export type Run = (scope: Scope) => Promise<unknown>;

/**
 * A part of one call that can be given up as a whole, and the context that `fn` receives there. Scopes form a tree: a policy
 * that can give up on its own (timeout, hedge) grows a branch. They tell each other without any AbortController; one is made
 * only where somebody reads `signal`.
 */
export interface Scope extends CallContext {
  readonly root: RootScope;
  /** Whether it can ever be aborted. */
  readonly abortable: boolean;
  readonly aborted: boolean;
  readonly reason: unknown;
  /** What the work of this scope occupies until it has really ended. */
  readonly slot: Slot | undefined;
  /**
   * What a foreign guard is told, without making a signal for it. A timeout does not count here: to a breaker inside of it the
   * work that it gives up is no caller who went away, but a failure, as soon as it ends.
   */
  readonly guardSignal: AbortSignal | undefined;
  /** Milliseconds until the nearest timeout around this scope, or Infinity. */
  remainingMs(): number;
  /** Calls back once when the scope is aborted. @returns removes the callback */
  onAbort(callback: (reason: unknown) => void): () => void;
}

/** What a whole execution shares. */
export class RootScope implements Scope {
  readonly work: Work<unknown>;
  readonly priority: Priority;
  /** The budget that has counted this call already: a retried call is one call, however many guards share a budget. */
  countedBy: RetryBudget | undefined;
  readonly #caller: AbortSignal | undefined;
  #signal: AbortSignal | undefined;

  constructor(work: Work<unknown>, caller: AbortSignal | undefined, priority: Priority) {
    this.work = work;
    this.priority = priority;
    this.#caller = caller;
    this.#signal = caller;
  }

  get root(): RootScope {
    return this;
  }

  get abortable(): boolean {
    return this.#caller !== undefined;
  }

  get aborted(): boolean {
    return this.#caller?.aborted === true;
  }

  get reason(): unknown {
    return this.#caller?.reason;
  }

  get slot(): undefined {
    return undefined;
  }

  get guardSignal(): AbortSignal | undefined {
    return this.#caller;
  }

  /** The caller's own; without one, a signal that is never aborted. */
  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }

  remainingMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  onAbort(callback: (reason: unknown) => void): () => void {
    return onAbort(this.#caller, callback);
  }
}

/** Not of any call: to keep shapes, and to try things on. */
export const exampleScope = new RootScope(() => undefined, undefined, 'normal');
keepShape(exampleScope);

/** Passes everything on to the scope it lies in; for scopes that differ in one respect. */
export class InnerScope implements Scope {
  readonly root: RootScope;
  readonly parent: Scope;

  constructor(parent: Scope) {
    this.root = parent.root;
    this.parent = parent;
  }

  get abortable(): boolean {
    return this.parent.abortable;
  }

  get aborted(): boolean {
    return this.parent.aborted;
  }

  get reason(): unknown {
    return this.parent.reason;
  }

  get slot(): Slot | undefined {
    return this.parent.slot;
  }

  get guardSignal(): AbortSignal | undefined {
    return this.parent.guardSignal;
  }

  get signal(): AbortSignal {
    return this.parent.signal;
  }

  remainingMs(): number {
    return this.parent.remainingMs();
  }

  onAbort(callback: (reason: unknown) => void): () => void {
    return this.parent.onAbort(callback);
  }
}
