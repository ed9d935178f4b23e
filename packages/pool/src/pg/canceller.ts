import { type Clock, deadlinesOf, onAbort } from '@mainstay/core';
import type { PoolClient } from 'pg';
import { type CancelTarget, cancelTarget, sendCancelRequest } from './cancel-request.js';
import { activeQuery, cut, drained, holdQueue, isUsable, type QueryInnards, unqueue } from './client.js';
import { stateOf } from './client-state.js';

/** Cancel requests under way at once: each is a connect, and an overloaded server has enough to do. */
const MOST_DIALS = 4;
/** How long a cancel request, waiting for its turn included, and the statement's end after it may take. */
const LIMIT_MS = 2_000;
/** A request that overtakes its statement on the way to the server has no effect: after so long it is sent again. */
const AGAIN_MS = 100;

/**
 * Ends statements on the server, so that a caller who gives up does not leave work behind, and keeps the connection.
 *
 * Until the request is through and the statement has ended (ReadyForQuery), nothing else is sent on the connection: a late
 * request would hit the next statement. When that takes too long, or the server cannot be told, the connection is cut.
 */
export class Canceller {
  readonly #clock: Clock;
  readonly #turns: (() => void)[] = [];
  #dials = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the statement back if it was not sent, and cancels it if the server is working on it. */
  interrupt(client: PoolClient, query: QueryInnards | undefined): void {
    if (query === undefined || unqueue(client, query)) return;
    if (activeQuery(client) === query) this.#cancel(client, query);
  }

  /** Cancels what the server is working on for this connection, if anything. */
  interruptAny(client: PoolClient): void {
    const query = activeQuery(client);
    if (query !== undefined) this.#cancel(client, query);
  }

  #cancel(client: PoolClient, query: QueryInnards): void {
    const state = stateOf(client);
    if (state === undefined || state.cancelling !== undefined) return;
    const resume = holdQueue(client);
    state.cancelling = this.#carryOut(client, query).then((ended) => {
      if (!ended) cut(client);
      state.cancelling = undefined;
      resume();
      return ended;
    });
  }

  /** @returns whether the statement has ended and the connection is sound */
  async #carryOut(client: PoolClient, query: QueryInnards): Promise<boolean> {
    const target = cancelTarget(client);
    if (target === undefined) return false;
    const abort = new AbortController();
    const { signal } = abort;
    const giveUp = (): void => abort.abort(new Error(`not cancelled within ${LIMIT_MS} ms`));
    const deadline = deadlinesOf(this.#clock).add(LIMIT_MS, giveUp, { keepAlive: false });
    const running = (): boolean => activeQuery(client) === query && isUsable(client);
    const ended = over(client, running);
    try {
      while (!signal.aborted) {
        await this.#send(target, running, signal);
        if (await Promise.race([ended, this.#pause()])) return true;
      }
      return false;
    } catch {
      return false;
    } finally {
      deadline.cancel();
    }
  }

  #pause(): Promise<false> {
    return new Promise((resolve) => {
      deadlinesOf(this.#clock).add(AGAIN_MS, () => resolve(false), { keepAlive: false });
    });
  }

  async #send(target: CancelTarget, wanted: () => boolean, signal: AbortSignal): Promise<void> {
    if (this.#dials < MOST_DIALS) this.#dials += 1;
    else await this.#turn(signal);
    try {
      if (wanted()) await sendCancelRequest(target, wanted, signal);
    } finally {
      const next = this.#turns.shift();
      if (next === undefined) this.#dials -= 1;
      else next();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      let leave = (): void => {};
      const turn = (): void => {
        leave();
        resolve();
      };
      this.#turns.push(turn);
      leave = onAbort(signal, (reason) => {
        const index = this.#turns.indexOf(turn);
        if (index !== -1) this.#turns.splice(index, 1);
        reject(reason);
      });
    });
  }
}

/** The end of the statement. Its error comes before the server is ready for the next one. */
async function over(client: PoolClient, running: () => boolean): Promise<true> {
  const { readyForQuery } = client as { readyForQuery?: boolean };
  if (isUsable(client) && (readyForQuery === false || running())) await drained(client);
  return true;
}
