import { callIsolated } from './isolation.js';

export type Listener<Payload> = (payload: Payload) => void;

interface Subscription {
  listener: Listener<never>;
  active: boolean;
}

/**
 * Typed events for a component, as `new Events<{ open: { name: string } }>()`.
 *
 * Free while unused: nothing is allocated before the first `on`, and a component that makes its `Events` lazily pays one
 * comparison an event: `if (this.#events?.has('open')) this.#events.emit('open', …)`.
 */
export class Events<Map extends object> {
  /** The arrays are replaced, never changed, so that a running `emit` keeps iterating over what it started with. */
  #subscriptions: globalThis.Map<keyof Map, readonly Subscription[]> | undefined;

  /**
   * Adds a listener. One that is added twice is called twice.
   * @returns removes this listener; further calls do nothing
   */
  on<K extends keyof Map>(event: K, listener: Listener<Map[K]>): () => void {
    if (typeof listener !== 'function') {
      throw new TypeError(
        `Events: the listener of "${String(event)}" must be a function, received ${typeof listener}`,
      );
    }
    this.#subscriptions ??= new globalThis.Map();
    const subscription: Subscription = { listener, active: true };
    this.#subscriptions.set(event, [...(this.#subscriptions.get(event) ?? []), subscription]);
    return () => {
      if (!subscription.active) return;
      subscription.active = false;
      this.#remove(event, subscription);
    };
  }

  /**
   * Calls the listeners in the order they were added. One that is removed meanwhile is not called any more, one that is
   * added meanwhile is first called by the next `emit`. What a listener throws, or rejects with, becomes a process warning
   * with the code `MAINSTAY_LISTENER` (at most 20 a second, with a count of the others).
   */
  emit<K extends keyof Map>(event: K, payload: Map[K]): void {
    const subscriptions = this.#subscriptions?.get(event);
    if (subscriptions === undefined) return;
    for (const subscription of subscriptions) {
      if (!subscription.active) continue;
      callIsolated(
        subscription.listener as Listener<Map[K]>,
        payload,
        'MAINSTAY_LISTENER',
        () => `A listener of "${String(event)}"`,
      );
    }
  }

  /** Whether an `emit` would reach anybody: ask before building a payload. */
  has(event: keyof Map): boolean {
    return this.#subscriptions?.has(event) === true;
  }

  #remove(event: keyof Map, subscription: Subscription): void {
    const rest = (this.#subscriptions?.get(event) ?? []).filter((other) => other !== subscription);
    if (rest.length === 0) this.#subscriptions?.delete(event);
    else this.#subscriptions?.set(event, rest);
  }
}
