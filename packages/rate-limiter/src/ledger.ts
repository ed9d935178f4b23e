import { Events, type Listener } from '@mainstay/core';
import type { Decision } from './decision.js';

export interface RateLimiterEvents {
  denied: { name: string; key: string; decision: Decision };
  /** The shared store does not answer; `onStoreFailure` decides from here. */
  storeAway: { name: string; error: unknown };
  /** It answers again, and what was used meanwhile is being told to it. */
  storeUp: { name: string };
}

const eventNames: readonly (keyof RateLimiterEvents)[] = ['denied', 'storeAway', 'storeUp'];

/** Counts decisions and tells listeners. */
export class Ledger {
  allowed = 0;
  denied = 0;
  degraded = 0;
  readonly name: string;
  #events: Events<RateLimiterEvents> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  count(key: string, decision: Decision): Decision {
    if (decision.degraded) this.degraded += 1;
    if (decision.allowed) this.allowed += 1;
    else {
      this.denied += 1;
      if (this.#events?.has('denied')) this.#events.emit('denied', { name: this.name, key, decision });
    }
    return decision;
  }

  storeAway(error: unknown): void {
    this.#events?.emit('storeAway', { name: this.name, error });
  }

  storeUp(): void {
    this.#events?.emit('storeUp', { name: this.name });
  }

  on<Event extends keyof RateLimiterEvents>(
    event: Event,
    listener: Listener<RateLimiterEvents[Event]>,
  ): () => void {
    if (!eventNames.includes(event)) {
      throw new TypeError(`RateLimiter: there is no event "${String(event)}", only ${eventNames.join(', ')}`);
    }
    this.#events ??= new Events();
    return this.#events.on(event, listener);
  }
}
