import type { Decision } from './decision.js';
import type { OpenStore, Ticket } from './store.js';

/**
 * A cost that was taken before it is known, to be corrected when it is: tokens of a model, bytes of an answer.
 *
 * What is never settled stays taken as estimated.
 */
export class Reservation {
  /** Whether the work may be done. */
  readonly decision: Decision;
  readonly #store: OpenStore;
  #ticket: Ticket | undefined;

  /** @internal */
  constructor(decision: Decision, store: OpenStore, ticket: Ticket | undefined) {
    this.decision = decision;
    this.#store = store;
    this.#ticket = ticket;
  }

  get allowed(): boolean {
    return this.decision.allowed;
  }

  /**
   * Corrects the estimate to what it really was. More is charged even where it does not fit, so that the key then has to wait;
   * less is given back as far as it still counts: all of it with `strict` and `fixed` while the window lasts, with `gcra` what has
   * not been refilled meanwhile. The first call counts, and after a denial none does. Never rejects because of the store.
   * @param actual units, 0 or more: 0 when the work was not done
   * @throws TypeError or RangeError (as a rejection) when `actual` is no such number
   */
  async settle(actual: number): Promise<void> {
    checkUnits('settle', 'actual', actual);
    const ticket = this.#ticket;
    if (ticket === undefined) return;
    this.#ticket = undefined;
    if (actual !== ticket.cost) await this.#store.settle(ticket, actual);
  }
}

/** @throws TypeError or RangeError unless it is a finite number of at least 0 */
export function checkUnits(method: string, name: string, units: unknown): asserts units is number {
  if (typeof units !== 'number') {
    throw new TypeError(`RateLimiter: ${name} of ${method} must be a number, received ${typeof units}`);
  }
  if (!(units >= 0 && units < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `RateLimiter: ${name} of ${method} must be a finite number of at least 0, received ${units}`,
    );
  }
}
