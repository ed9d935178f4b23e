import { type Clock, type Deadline, deadlinesOf, onAbort } from '@mainstay/core';

export interface WaitingLimits {
  readonly maxQueued: number;
  readonly timeoutMs: number;
}

/** What the line asks of its circuit. */
export interface Seats {
  readonly clock: Clock;
  /** The ticket for a caller from the line, {@link NO_TICKET} while there is none. */
  seat(now: number): number;
  /** When a probe's lease ends and its place may be had; Infinity where there is no such moment. */
  placeFreeInMs(now: number): number;
}

/** Instead of a ticket. */
export const NO_TICKET = 0;

interface Waiter {
  readonly givesUpAt: number;
  readonly leave: (ticket: number) => void;
  deadline: Deadline | undefined;
}

/**
 * The callers who wait while the probes find out whether the dependency works again. They are let in a few at a time: one
 * where a probe has given its place back, and after the recovery two for each call that succeeds (slow start, as in TCP), so
 * that a dependency that has just come back is not met by the whole line at once.
 */
export class WaitingLine {
  readonly #limits: WaitingLimits;
  readonly #seats: Seats;
  /** In the order in which they came. */
  readonly #waiters = new Set<Waiter>();

  constructor(limits: WaitingLimits, seats: Seats) {
    this.#limits = limits;
    this.#seats = seats;
  }

  get size(): number {
    return this.#waiters.size;
  }

  get full(): boolean {
    return this.#waiters.size >= this.#limits.maxQueued;
  }

  /** @returns the ticket, or {@link NO_TICKET} to who has waited in vain; rejects with the signal's reason */
  wait(signal: AbortSignal | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        givesUpAt: this.#seats.clock.now() + this.#limits.timeoutMs,
        leave: (ticket) => {
          this.#remove(waiter);
          forgetSignal();
          resolve(ticket);
        },
        deadline: undefined,
      };
      this.#waiters.add(waiter);
      this.#wakeInTime(waiter);
      const forgetSignal = onAbort(signal, (reason) => {
        this.#remove(waiter);
        reject(reason);
      });
    });
  }

  /** Lets the first of the line in, at most so many, and no more than there are seats. */
  letIn(most: number): void {
    const now = this.#seats.clock.coarseNow();
    let places = most;
    for (const waiter of this.#waiters) {
      if (places === 0 || !this.#seated(waiter, now)) return;
      places -= 1;
    }
  }

  /** Sends everybody away: the circuit has opened again. */
  dissolve(): void {
    for (const waiter of this.#waiters) waiter.leave(NO_TICKET);
  }

  #seated(waiter: Waiter, now: number): boolean {
    const ticket = this.#seats.seat(now);
    if (ticket === NO_TICKET) return false;
    waiter.leave(ticket);
    return true;
  }

  /** Nobody else may come by to see that a hung probe's lease is over. */
  #wakeInTime(waiter: Waiter): void {
    const { clock } = this.#seats;
    const now = clock.now();
    const delayMs = Math.min(waiter.givesUpAt - now, this.#seats.placeFreeInMs(now));
    waiter.deadline = deadlinesOf(clock).add(delayMs, () => this.#woken(waiter));
  }

  /** Who has waited long enough is not let in on the last moment: those who came together would be let in together. */
  #woken(waiter: Waiter): void {
    const now = this.#seats.clock.now();
    if (now >= waiter.givesUpAt) waiter.leave(NO_TICKET);
    else if (this.#seats.placeFreeInMs(now) > 0 || !this.#seated(waiter, now)) this.#wakeInTime(waiter);
  }

  #remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    waiter.deadline?.cancel();
  }
}
