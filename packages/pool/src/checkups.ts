import type { Clock, DeadlineQueue, Events } from '@mainstay/core';
import { awaitCheck, isThenable } from './checks.js';
import type { PoolCounters } from './counters.js';
import type { Entry } from './entry.js';
import type { PoolEvents } from './events.js';
import type { IdleStack } from './idle-stack.js';
import type { PoolOptions } from './options.js';

type Checkup = 'validation' | 'keepalive' | 'reset';

export interface CheckupsHost<R> {
  validate: PoolOptions<R>['validate'];
  checkTimeoutMs: number;
  clock: Clock;
  deadlines: DeadlineQueue;
  counters: PoolCounters;
  idle: IdleStack<R>;
  events: () => Events<PoolEvents<R>> | undefined;
  /** Well: it goes to the first who waits, or to the stack. */
  offer: (entry: Entry<R>) => void;
  /** Well, and nobody has used it: it goes to its old place in the stack, if nobody wants it. */
  putBack: (entry: Entry<R>, now: number) => void;
  discard: (entry: Entry<R>, reason: 'validation' | 'reset', error: unknown) => void;
  /** One less is under way: somebody may need another. */
  provision: () => void;
}

/** Resources that are being validated or reset: neither idle nor lent. */
export class Checkups<R> {
  /** How many are waiting for an answer. */
  underWay = 0;
  readonly #host: CheckupsHost<R>;

  constructor(host: CheckupsHost<R>) {
    this.#host = host;
  }

  /** Of the idle resources the one that was used last. False: there is none, or nothing to ask it. */
  validateWarmest(): boolean {
    const { validate, idle } = this.#host;
    const entry = validate === undefined ? undefined : idle.pop();
    if (validate === undefined || entry === undefined) return false;
    this.#check(entry, 'validation', validate);
    return true;
  }

  keepAlive(entry: Entry<R>): void {
    const { validate, idle, counters } = this.#host;
    if (validate === undefined) return;
    idle.remove(entry);
    counters.keepalives += 1;
    this.#check(entry, 'keepalive', validate);
  }

  reset(entry: Entry<R>, reset: (resource: R) => unknown): void {
    this.#check(entry, 'reset', reset);
  }

  #check(entry: Entry<R>, checkup: Checkup, check: (resource: R) => unknown): void {
    entry.state = 'checking';
    let answer: unknown;
    try {
      answer = check(entry.resource);
    } catch (error) {
      this.#failed(entry, checkup, error);
      return;
    }
    if (isThenable(answer)) this.#await(entry, checkup, answer);
    else if (answer === false) this.#failed(entry, checkup, undefined);
    else this.#passed(entry, checkup);
  }

  #await(entry: Entry<R>, checkup: Checkup, answer: PromiseLike<unknown>): void {
    const { checkTimeoutMs, deadlines } = this.#host;
    this.underWay += 1;
    awaitCheck(answer, checkTimeoutMs, deadlines, (outcome) => {
      this.underWay -= 1;
      if (entry.state !== 'checking') {
        // Lost, or taken by a drain, while it was asked. Whoever waits for the answer had counted on it until now.
        this.#host.provision();
        return;
      }
      if (outcome === undefined) this.#passed(entry, checkup);
      else this.#failed(entry, checkup, outcome.error);
    });
  }

  #passed(entry: Entry<R>, checkup: Checkup): void {
    const now = this.#host.clock.coarseNow();
    entry.provedAt = now;
    if (checkup === 'keepalive') {
      this.#host.putBack(entry, now);
      return;
    }
    entry.since = now;
    this.#host.offer(entry);
  }

  #failed(entry: Entry<R>, checkup: Checkup, error: unknown): void {
    const { counters, events, discard } = this.#host;
    const [operation, reason] =
      checkup === 'reset' ? (['reset', 'reset'] as const) : (['validate', 'validation'] as const);
    if (reason === 'validation') counters.validationFailures += 1;
    if (error !== undefined) events()?.emit('error', { operation, error });
    discard(entry, reason, error);
  }
}
