import { keepShape } from './keep-shape.js';
import { exampleScope, InnerScope, type Scope } from './scope.js';

/**
 * One admission to a guard that counts what runs at the same time. It is given back when the call was answered and all the
 * work begun under it has really ended: a timeout inside of the guard answers long before that, and the work that it gave up
 * still burdens the dependency.
 */
export class Slot {
  readonly #outer: Slot | undefined;
  readonly #giveBack: () => void;
  #working = 0;
  #answered = false;
  #givenBack = false;

  /** @param outer the slot of a guard around this one, which the work occupies too */
  constructor(outer: Slot | undefined, giveBack: () => void) {
    this.#outer = outer;
    this.#giveBack = giveBack;
  }

  workBegan(): void {
    this.#working += 1;
    this.#outer?.workBegan();
  }

  workEnded(): void {
    this.#working -= 1;
    this.#outer?.workEnded();
    this.#settle();
  }

  answered(): void {
    this.#answered = true;
    this.#settle();
  }

  /** Whatever still runs. */
  giveBackNow(): void {
    if (this.#givenBack) return;
    this.#givenBack = true;
    this.#giveBack();
  }

  #settle(): void {
    if (this.#answered && this.#working === 0) this.giveBackNow();
  }
}

/** The part of a call that occupies a slot. */
export class SlotScope extends InnerScope {
  readonly #slot: Slot;

  constructor(parent: Scope, slot: Slot) {
    super(parent);
    this.#slot = slot;
  }

  override get slot(): Slot {
    return this.#slot;
  }
}

keepShape(new SlotScope(exampleScope, new Slot(undefined, () => {})));
