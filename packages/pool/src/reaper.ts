import type { Deadline, DeadlineQueue } from '@mainstay/core';
import type { Entry } from './entry.js';
import type { IdleStack } from './idle-stack.js';

export interface ReaperHost<R> {
  idle: IdleStack<R>;
  /** How many resources may be closed because nobody uses them. */
  spare: () => number;
  now: () => number;
  close: (entry: Entry<R>, reason: 'idle' | 'lifetime') => void;
  /** Takes it out of the stack and asks whether it is well. */
  keepAlive: (entry: Entry<R>) => void;
  idleTimeoutMs: number;
  /** 0: never. */
  keepaliveMs: number;
}

/**
 * Closes resources that were idle for too long or have lived for too long, and keeps the others alive, by one deadline of the
 * shared queue, which never keeps the process alive. None is set while there is nothing that time could change.
 */
export class Reaper<R> {
  readonly #host: ReaperHost<R>;
  readonly #deadlines: DeadlineQueue;
  #deadline: Deadline | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(host: ReaperHost<R>, deadlines: DeadlineQueue) {
    this.#host = host;
    this.#deadlines = deadlines;
  }

  /** It will be looked at in time without `arm`. */
  covers(entry: Entry<R>): boolean {
    return this.#deadline !== undefined && entry.expiresAt >= this.#armedFor;
  }

  /** To be called when a resource became idle: it may be the next to grow too old. @param expiresAt of that resource */
  arm(expiresAt = Number.POSITIVE_INFINITY): void {
    if (this.#deadline !== undefined && expiresAt >= this.#armedFor) return;
    this.#deadline?.cancel();
    const at = this.#next();
    this.#armedFor = at;
    this.#deadline = undefined;
    if (at === Number.POSITIVE_INFINITY) return;
    this.#deadline = this.#deadlines.add(at - this.#host.now(), () => this.#reap(), { keepAlive: false });
  }

  stop(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  #next(): number {
    const { idle, spare, idleTimeoutMs } = this.#host;
    const oldest = idle.oldest();
    if (oldest === undefined) return Number.POSITIVE_INFINITY;
    let at = Number.POSITIVE_INFINITY;
    if (idleTimeoutMs > 0 && spare() > 0) at = oldest.since + idleTimeoutMs;
    for (const entry of idle.fromOldest()) at = Math.min(at, entry.expiresAt, this.#keepaliveAt(entry));
    return at;
  }

  /** Up to a tenth earlier, each resource at a point of its own, so that not all are asked at once. */
  #keepaliveAt({ since, provedAt, jitter }: Entry<R>): number {
    const { keepaliveMs } = this.#host;
    if (keepaliveMs === 0) return Number.POSITIVE_INFINITY;
    return Math.max(since, provedAt) + keepaliveMs * (1 - jitter / 10);
  }

  #reap(): void {
    this.#deadline = undefined;
    const { idle, spare, now, close, keepAlive, idleTimeoutMs } = this.#host;
    const time = now();
    for (const entry of idle.fromOldest()) {
      if (entry.state !== 'idle') continue;
      if (entry.expiresAt <= time) close(entry, 'lifetime');
      else if (idleTimeoutMs > 0 && spare() > 0 && time - entry.since >= idleTimeoutMs) close(entry, 'idle');
      else if (this.#keepaliveAt(entry) <= time) keepAlive(entry);
    }
    this.arm();
  }
}
