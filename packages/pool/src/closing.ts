import type { Deadline, DeadlineQueue } from '@mainstay/core';

/** How long resources that were taken from their holders may take to be destroyed before the pool is called closed. */
const DESTROY_GRACE_MS = 1_000;

export interface ClosingHost {
  /** Resources that are still open, opening, or being destroyed. */
  outstanding: () => number;
  /** Takes the resources from their holders and destroys them. */
  force: () => void;
}

/** The end of a pool: waits for what is still out, then takes it back; settles in any case. */
export class Closing {
  readonly #deadlines: DeadlineQueue;
  readonly #host: ClosingHost;
  readonly #closed: Promise<void>;
  #resolve: (() => void) | undefined;
  readonly #timers = new Set<Deadline>();
  #forced = false;

  constructor(deadlines: DeadlineQueue, host: ClosingHost) {
    this.#deadlines = deadlines;
    this.#host = host;
    this.#closed = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** May be called again: the earlier end counts. */
  within(timeoutMs: number): Promise<void> {
    if (this.#resolve !== undefined && !this.#forced) {
      if (timeoutMs <= 0) this.#force();
      else this.#timers.add(this.#deadlines.add(timeoutMs, () => this.#force()));
    }
    this.check();
    return this.#closed;
  }

  /** To be called whenever something ended. */
  check(): void {
    if (this.#resolve !== undefined && this.#host.outstanding() === 0) this.#finish();
  }

  #force(): void {
    if (this.#forced || this.#resolve === undefined) return;
    this.#forced = true;
    this.#host.force();
    this.check();
    if (this.#resolve === undefined) return;
    this.#timers.add(this.#deadlines.add(DESTROY_GRACE_MS, () => this.#finish()));
  }

  #finish(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#resolve?.();
    this.#resolve = undefined;
  }
}
