import type { Scope } from './scope.js';
import { WaitQueue, type WaitQueueOptions } from './wait-queue.js';

/** Lets a number of calls run at the same time, which may change, and others wait. */
export class ConcurrencyGate {
  readonly #queue: WaitQueue;
  #limit: number;
  #running = 0;

  constructor(limit: number, queue: WaitQueueOptions) {
    this.#limit = limit;
    this.#queue = new WaitQueue(queue);
  }

  get limit(): number {
    return this.#limit;
  }

  /** A lower limit interrupts nobody: it is reached as calls leave. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#admit();
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#queue.size;
  }

  /** Nobody overtakes those who wait. */
  tryEnter(): boolean {
    if (this.#running >= this.#limit || this.#queue.size > 0) return false;
    this.#running += 1;
    return true;
  }

  /** @returns settles when the call has entered, or it will not; undefined when there is no room to wait in */
  wait(scope: Scope, level: number): Promise<void> | undefined {
    return this.#queue.wait(scope, level);
  }

  readonly leave = (): void => {
    this.#running -= 1;
    this.#admit();
  };

  #admit(): void {
    while (this.#running < this.#limit && this.#queue.admitNext()) this.#running += 1;
  }
}
