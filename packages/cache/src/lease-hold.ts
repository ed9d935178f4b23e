import type { Deadline } from '@mainstay/core';
import type { Flight } from './flight.js';
import type { RedisReading } from './redis-level.js';
import type { CacheState } from './state.js';

/**
 * One load a key across processes, after the leases of "Scaling Memcache at Facebook" (NSDI 2013). They only spare loads: that no
 * old value is stored is seen to by stamps and versions, so a lease that is lost or taken over does no harm.
 */
export class LeaseHold {
  readonly #state: CacheState;

  constructor(state: CacheState) {
    this.#state = state;
  }

  /** 'load': go on, with the lease or because there is none to be had; 'again': look what Redis holds now. */
  async acquire(flight: Flight, reading: RedisReading, waitUntil: number): Promise<'load' | 'again'> {
    const { redis, settings, clock, counters } = this.#state;
    if (redis === undefined || settings.redis?.lease !== true) return 'load';
    // Listening before asking: the message may be faster than the answer.
    const waiter = redis.waiters.add(flight.key);
    try {
      const lease = await redis.lease(flight.key, reading);
      if (lease === 'changed') return 'again';
      if (lease !== 'held') {
        this.#begin(flight, lease);
        return 'load';
      }
      const remainingMs = waitUntil - clock.now();
      if (flight.settled || remainingMs <= 0) return 'load';
      if (!flight.waited) counters.leaseWaits += 1;
      flight.waited = true;
      await waiter.pause(redis.bus?.trusted === true, remainingMs, flight.pauses++);
      return 'again';
    } finally {
      waiter.end();
    }
  }

  /** The load brought nothing to store: whoever waits has to do it. */
  release(flight: Flight): void {
    const { lease } = flight;
    if (lease === undefined) return;
    flight.lease = undefined;
    void this.#state.redis?.keepLease(lease, 0);
  }

  #begin(flight: Flight, lease: Flight['lease']): void {
    flight.lease = lease;
    // Its callers went while the lease was on its way.
    if (flight.settled) this.release(flight);
    else if (lease !== undefined) this.#prolong(flight);
  }

  #prolong(flight: Flight): Deadline {
    const leaseMs = this.#state.settings.redis?.leaseMs ?? 0;
    return this.#state.deadlines.add(
      leaseMs / 2,
      () => {
        if (flight.settled || flight.lease === undefined) return;
        void this.#state.redis?.keepLease(flight.lease, leaseMs);
        this.#prolong(flight);
      },
      { keepAlive: false },
    );
  }
}
