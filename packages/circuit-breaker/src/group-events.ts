import { Events } from '@mainstay/core';
import type { CircuitBreaker } from './circuit-breaker.js';
import { type CircuitBreakerEvents, eventNames } from './types.js';

/** Why a group has given a breaker up. */
export type EvictionReason = 'full' | 'idle' | 'group-closed';

/** What a listener of {@link CircuitBreakerGroup.on} receives: whatever the breakers tell, and of their coming and going. */
export interface CircuitBreakerGroupEvents extends CircuitBreakerEvents {
  /** A key was asked for the first time, or again after its breaker had been given up. */
  create: { name: string; key: string; breaker: CircuitBreaker };
  evict: { name: string; key: string; breaker: CircuitBreaker; reason: EvictionReason };
}

export const groupEventNames: readonly (keyof CircuitBreakerGroupEvents)[] = [
  ...eventNames,
  'create',
  'evict',
];

/** The events of a breaker in a group: heard by its own listeners, and after them by those of the group. */
export class MemberEvents extends Events<CircuitBreakerEvents> {
  readonly #group: () => Events<CircuitBreakerGroupEvents>;

  constructor(group: () => Events<CircuitBreakerGroupEvents>) {
    super();
    this.#group = group;
  }

  override has(event: keyof CircuitBreakerEvents): boolean {
    return this.#group().has(event) || super.has(event);
  }

  override emit<Event extends keyof CircuitBreakerEvents>(
    event: Event,
    payload: CircuitBreakerEvents[Event],
  ): void {
    super.emit(event, payload);
    this.#group().emit(event, payload as CircuitBreakerGroupEvents[Event]);
  }
}
