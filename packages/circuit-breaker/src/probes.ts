export interface ProbeLimits {
  readonly probes: number;
  readonly successThreshold: number;
  readonly leaseMs: number;
}

interface Lease {
  readonly ticket: number;
  readonly endsAt: number;
}

/**
 * The calls that find out whether the dependency works again. Each holds a lease: a probe that never settles keeps its
 * place for `leaseMs` and then loses it to the next caller, so that it cannot block the recovery. An overdue probe whose
 * place nobody wanted still counts.
 */
export class Probes {
  readonly #limits: ProbeLimits;
  /** In the order of their ends, since all last equally long. */
  readonly #leases: Lease[] = [];
  #succeeded = 0;
  #failed = 0;

  constructor(limits: ProbeLimits) {
    this.#limits = limits;
  }

  /** Lends a place to the call with this ticket; false when there is none. */
  admit(ticket: number, now: number): boolean {
    if (this.#full) this.#endLeases(now);
    if (this.#full) return false;
    this.#leases.push({ ticket, endsAt: now + this.#limits.leaseMs });
    return true;
  }

  /** Takes a place back; false when its lease has ended and the place was given to another. */
  giveBack(ticket: number): boolean {
    const index = this.#leases.findIndex((lease) => lease.ticket === ticket);
    if (index === -1) return false;
    this.#leases.splice(index, 1);
    return true;
  }

  count(succeeded: boolean): void {
    if (succeeded) this.#succeeded++;
    else this.#failed++;
  }

  get recovered(): boolean {
    return this.#succeeded >= this.#limits.successThreshold;
  }

  /** So many have failed that the rest cannot reach `successThreshold`. */
  get failed(): boolean {
    return this.#failed > this.#limits.probes - this.#limits.successThreshold;
  }

  /** Milliseconds until a place may become free, at the latest. */
  freeInMs(now: number): number {
    const first = this.#leases[0];
    return this.#full && first !== undefined ? Math.max(0, first.endsAt - now) : 0;
  }

  get #full(): boolean {
    return this.#leases.length + this.#succeeded + this.#failed >= this.#limits.probes;
  }

  #endLeases(now: number): void {
    const firstValid = this.#leases.findIndex((lease) => lease.endsAt > now);
    this.#leases.splice(0, firstValid === -1 ? this.#leases.length : firstValid);
  }
}
