import { openTimeAfter } from './open-time.js';
import { Probes } from './probes.js';
import { Ramp } from './ramp.js';
import type { Settings } from './settings.js';
import { tolerableFailureRate } from './trip-rules.js';
import type { CircuitState } from './types.js';

/** What there is to know about a circuit only while it is not closed. A closed one has none, and weighs the less. */
export class Outage {
  /** When the circuit left the closed state. */
  readonly startedAt: number;
  opensUntil = 0;
  /** When a call last came. */
  askedAt = 0;
  /** How many times the circuit has opened in this outage. */
  trips = 0;
  isolations = 0;
  probes: Probes | undefined;
  ramp: Ramp | undefined;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  enter(state: CircuitState, { probeLimits, openTime, random }: Settings, now: number): void {
    this.ramp = undefined;
    this.probes = state === 'half-open' ? new Probes(probeLimits) : undefined;
    if (state === 'isolated') this.isolations = 1;
    if (state === 'open') this.opensUntil = now + openTimeAfter(++this.trips, openTime, random);
  }

  /** @returns whether the ramp lets a call through that comes now; true where there is none */
  asked(now: number): boolean {
    this.askedAt = now;
    return this.ramp?.admit(now) ?? true;
  }

  startRamp({ ramp, limits }: Settings, now: number): void {
    this.probes = undefined;
    if (ramp !== undefined) this.ramp = new Ramp(ramp, tolerableFailureRate(limits), now);
  }

  /** How long a caller who is turned away now had better wait. */
  retryAfterMs(state: CircuitState, openMs: number, now: number): number {
    if (state === 'open') return Math.max(0, this.opensUntil - now);
    if (state === 'isolated') return openMs;
    // How long probes take is not known: their leases are the bound, the open time a fair guess below it.
    return Math.min(openMs, this.ramp?.stepEndsInMs(now) ?? this.probes?.freeInMs(now) ?? 0);
  }
}
