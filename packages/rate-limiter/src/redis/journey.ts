import type { Permit } from '@mainstay/circuit-breaker';
import type { Deadline } from '@mainstay/core';

/** A command, and what becomes of it: exactly one of `answered` and `unavailable` is called, once. */
export interface Errand {
  send(): Promise<unknown>;
  /** What it throws is a failure too, after which `unavailable` is called. */
  answered(reply: unknown): void;
  /** Redis was not asked, failed, or did not answer in time. */
  unavailable(): void;
  /** A second command where the first one's failure is no failure of Redis. */
  retry?(error: unknown): Promise<unknown> | undefined;
}

/** Who sends on journeys, and hears of those that fail. */
export interface Sender {
  expire(callback: () => void): Deadline;
  failed(journey: Journey, error: unknown): void;
  timedOut(journey: Journey): void;
}

/** A command under way: it ends once, with its answer, its failure or its deadline. What comes later is dropped. */
export class Journey {
  readonly permit: Permit;
  /** How many failures had been counted when it began. */
  readonly failuresBefore: number;
  readonly #errand: Errand;
  readonly #sender: Sender;
  #deadline: Deadline | undefined;
  #over = false;

  constructor(errand: Errand, permit: Permit, failuresBefore: number, sender: Sender) {
    this.permit = permit;
    this.failuresBefore = failuresBefore;
    this.#errand = errand;
    this.#sender = sender;
    try {
      errand.send().then(
        (reply) => this.#answered(reply),
        (error: unknown) => this.#failedOnce(error),
      );
    } catch (error) {
      // A client that throws instead of rejecting is a client that failed.
      this.#failed(error);
    }
  }

  /** It is on the wire: from now on it is waited for. A process that is busy before that has not kept Redis waiting. */
  left(): void {
    if (this.#over) return;
    this.#deadline = this.#sender.expire(() => {
      if (this.#end()) this.#sender.timedOut(this);
    });
  }

  unavailable(): void {
    this.#errand.unavailable();
  }

  #answered(reply: unknown): void {
    if (!this.#end()) return;
    try {
      this.#errand.answered(reply);
    } catch (error) {
      this.#sender.failed(this, error);
      return;
    }
    this.permit.success();
  }

  #failedOnce(error: unknown): void {
    const again = this.#over ? undefined : this.#errand.retry?.(error);
    if (again === undefined) this.#failed(error);
    else {
      again.then(
        (reply) => this.#answered(reply),
        (failure: unknown) => this.#failed(failure),
      );
    }
  }

  #failed(error: unknown): void {
    if (this.#end()) this.#sender.failed(this, error);
  }

  /** Returns false when it had ended already. */
  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#deadline?.cancel();
    return true;
  }
}
