import type { Holding } from './holding.js';
import type { LeaseKeeper } from './lease.js';

/** Part of a resource's lifetime that is taken off at random, so that those made together do not end together. */
const LIFETIME_JITTER_RATIO = 0.1;

let serials = 0;

/** Where a resource of the pool is: in the stack, in somebody's hands, being validated or reset, or no longer the pool's. */
export type EntryState = 'idle' | 'leased' | 'checking' | 'gone';

/**
 * The pool's record of one resource. Every time is monotonic milliseconds.
 *
 * Fields that the constructor sets are declared only: one that is undefined for a moment is, for V8, one for anything, and
 * each number written into it gets a box of its own, which was a quarter of what a loan cost.
 */
export class Entry<R> {
  declare readonly resource: R;
  declare readonly keeper: LeaseKeeper<R>;
  declare readonly createdAt: number;
  /** Infinity without a maximum lifetime. */
  declare readonly expiresAt: number;
  /** 0 to 1, drawn once: what is done to all from time to time is not done to all at once. */
  readonly jitter = Math.random();
  /** Tells it from all others without keeping it. */
  readonly serial = ++serials;
  state: EntryState = 'checking';
  /** Since when it has been in its state; for an idle one, since its holder gave it back. */
  declare since: number;
  /** When a validation or a keepalive last found it well. */
  declare provedAt: number;
  /** When a holder last asked a lease for the resource; perhaps one before the present. */
  declare usedAt: number;
  /** How often it came back. The lease with this number may give it back, one with another number is stale. */
  generation = 0;
  /** The generation whose loan the pool ended itself; its holder is not to blame when he gives it back all the same. */
  revoked = -1;
  /** Set when the resource was reported lost while somebody held it: it is destroyed when it comes back. */
  lost = false;
  lostError: unknown = undefined;
  /** It was lent while the pool was running short: the first use marks the holder's async context. */
  scarce = false;
  /** What is known of the present holder; only of some, see `Lending`. */
  holding: Holding | undefined = undefined;

  /** @param maxLifetimeMs 0: no limit */
  constructor(resource: R, keeper: LeaseKeeper<R>, now: number, maxLifetimeMs: number, jitters: boolean) {
    this.resource = resource;
    this.keeper = keeper;
    this.createdAt = now;
    const lifetimeMs = maxLifetimeMs * (jitters ? 1 - LIFETIME_JITTER_RATIO * this.jitter : 1);
    this.expiresAt = maxLifetimeMs === 0 ? Number.POSITIVE_INFINITY : now + lifetimeMs;
    this.since = now;
    this.provedAt = now;
    this.usedAt = now;
  }

  /** How often it was lent. */
  get uses(): number {
    return this.generation + (this.state === 'leased' ? 1 : 0);
  }

  /** For how long its holder has not asked for it. */
  unusedMs(now: number): number {
    return now - Math.max(this.since, this.usedAt);
  }

  /** It has neither been used nor been found well for so long; 0: whatever it has been, since the coarse time may be older. */
  isUnproved(now: number, forMs: number): boolean {
    if (forMs === 0) return true;
    return now - this.since >= forMs && now - this.provedAt >= forMs;
  }
}
