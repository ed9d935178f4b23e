import { type Deadline, DeadlineQueue, MainstayError, ManualClock, withoutStack } from '@mainstay/core';
import { Branch } from './branch.js';
import { keepShape } from './keep-shape.js';
import { exampleScope, type Run, type Scope } from './scope.js';

/** How a hedged call goes on, told to its policy; one of the last three, once. */
export interface HedgedCallEvents {
  /** Asked when the delay is over without an answer. @param hedge 1 for the first one */
  mayHedge(hedge: number): boolean;
  /** @param attempt 0 for the first one */
  succeeded(result: unknown, attempt: number): void;
  failed(error: unknown): void;
  aborted(reason: unknown): void;
}

/** One call with its attempts, each a branch of its own. */
export class HedgedCall {
  readonly #next: Run;
  readonly #scope: Scope;
  readonly #deadlines: DeadlineQueue;
  readonly #delayMs: number;
  readonly #events: HedgedCallEvents;
  readonly #running = new Set<Branch>();
  #launched = 0;
  #over = false;
  #deadline: Deadline | undefined;
  #stopListening = (): void => {};

  /** @param delayMs Infinity for no hedges */
  constructor(next: Run, scope: Scope, deadlines: DeadlineQueue, delayMs: number, events: HedgedCallEvents) {
    this.#next = next;
    this.#scope = scope;
    this.#deadlines = deadlines;
    this.#delayMs = delayMs;
    this.#events = events;
  }

  begin(): void {
    this.#stopListening = this.#scope.onAbort((reason) => {
      if (this.#finish()) this.#events.aborted(reason);
    });
    this.#launch();
  }

  #launch(): void {
    const attempt = this.#launched;
    this.#launched += 1;
    const branch = new Branch(this.#scope);
    this.#running.add(branch);
    this.#next(branch).then(
      (result) => {
        this.#leave(branch);
        if (this.#finish()) this.#events.succeeded(result, attempt);
        this.#abortOthers();
      },
      (error: unknown) => {
        this.#leave(branch);
        if (this.#running.size === 0 && this.#finish()) this.#events.failed(error);
      },
    );
    // `fn` itself may have ended the call: nobody would cancel the deadline of one that is over.
    if (!this.#over && this.#delayMs !== Number.POSITIVE_INFINITY) {
      this.#deadline = this.#deadlines.add(this.#delayMs, () => this.#hedge());
    }
  }

  #hedge(): void {
    if (this.#over || !this.#events.mayHedge(this.#launched)) return;
    // Asked again: a listener of `hedge` may have aborted the call.
    if (!this.#over) this.#launch();
  }

  #leave(branch: Branch): void {
    branch.end();
    this.#running.delete(branch);
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#deadline?.cancel();
    this.#stopListening();
    return true;
  }

  #abortOthers(): void {
    if (this.#running.size === 0) return;
    const overtaken = withoutStack(
      () => new MainstayError('ERR_HEDGE_OVERTAKEN', 'Another attempt was faster'),
    );
    for (const branch of this.#running) branch.abort(overtaken);
    this.#running.clear();
  }
}

const nobody: HedgedCallEvents = { mayHedge: () => false, succeeded() {}, failed() {}, aborted() {} };
const still = new DeadlineQueue(new ManualClock(0.25));
keepShape(new HedgedCall(() => Promise.resolve(), exampleScope, still, 0.5, nobody));
