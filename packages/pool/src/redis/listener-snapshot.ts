import type { EventEmitter } from 'node:events';

type Listeners = ReturnType<EventEmitter['rawListeners']>;

/** The listeners that a connection has when it is opened: what a holder adds must not hear the next one. */
export class ListenerSnapshot {
  readonly #emitter: EventEmitter;
  readonly #listeners = new Map<string | symbol, Listeners>();

  constructor(emitter: EventEmitter) {
    this.#emitter = emitter;
    for (const event of emitter.eventNames()) this.#listeners.set(event, emitter.rawListeners(event));
  }

  /** Removes all others. */
  restore(): void {
    for (const event of this.#emitter.eventNames()) {
      const own = this.#listeners.get(event) ?? [];
      for (const listener of this.#emitter.rawListeners(event)) {
        if (!own.includes(listener))
          this.#emitter.removeListener(event, listener as (...args: unknown[]) => void);
      }
    }
  }
}
