import { keepShape } from './keep-shape.js';
import { exampleScope, type RootScope, type Scope } from './scope.js';
import type { Slot } from './slot.js';

type AbortListener = (reason: unknown) => void;

const nothing = (): void => {};

/**
 * A scope that a policy may abort on its own, and that is aborted with the scope around it. It ends in one of two ways, once:
 * aborted, or, when there is an answer, `end`ed; after that its signal is never aborted.
 */
export class Branch implements Scope {
  readonly root: RootScope;
  readonly parent: Scope;
  #state: 'running' | 'aborted' | 'ended' = 'running';
  #reason: unknown;
  #controller: AbortController | undefined;
  #listeners: Set<AbortListener> | undefined;
  #leaveParent = nothing;

  constructor(parent: Scope) {
    this.root = parent.root;
    this.parent = parent;
    if (parent.abortable) this.#leaveParent = parent.onAbort((reason) => this.abort(reason));
  }

  get abortable(): boolean {
    return true;
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  get aborted(): boolean {
    return this.#state === 'aborted';
  }

  get reason(): unknown {
    return this.#reason;
  }

  get slot(): Slot | undefined {
    return this.parent.slot;
  }

  get guardSignal(): AbortSignal | undefined {
    return this.signal;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#state === 'aborted') this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  remainingMs(): number {
    return this.parent.remainingMs();
  }

  onAbort(callback: AbortListener): () => void {
    if (this.#state === 'aborted') callback(this.#reason);
    if (this.#state !== 'running') return nothing;
    this.#listeners ??= new Set();
    // A callback of its own, since the same function may be given twice.
    const listener: AbortListener = (reason) => callback(reason);
    this.#listeners.add(listener);
    return () => {
      this.#listeners?.delete(listener);
    };
  }

  /** Gives up whatever runs here. @returns false when it was over already */
  abort(reason: unknown): boolean {
    if (this.#state !== 'running') return false;
    this.#state = 'aborted';
    this.#reason = reason;
    this.#leaveParent();
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener(reason);
    this.onAborted(reason);
    this.#controller?.abort(reason);
    return true;
  }

  /** There is an answer: nothing may be aborted any more. @returns false when it was over already */
  end(): boolean {
    if (this.#state !== 'running') return false;
    this.#state = 'ended';
    this.#leaveParent();
    this.#listeners = undefined;
    return true;
  }

  /** For the policy that grew the branch: it was aborted, by itself or from outside. */
  protected onAborted(_reason: unknown): void {}
}

keepShape(new Branch(exampleScope));
