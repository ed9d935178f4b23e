import type { Deadline, DeadlineQueue } from '@mainstay/core';
import type { IdleStack } from './idle-stack.js';

export interface ReaperHost<R> {
  idle: IdleStack<R>;
  /** How many resources may be closed for being idle. */
  spare: () => number;
  now: () => number;
  close: (entry: NonNullable<ReturnType<IdleStack<R>['peek']>>, reason: 'idle' | 'lifetime') => void;
}

/**
 * Closes resources that were idle for too long or have lived for too long, by one deadline of the shared queue, which never
 * keeps the process alive. None is set while there is nothing that time could change.
 */
export class Reaper<R> {
  readonly #host: ReaperHost<R>;
  readonly #idleTimeoutMs: number;
  readonly #deadlines: DeadlineQueue;
  #deadline: Deadline | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(host: ReaperHost<R>, idleTimeoutMs: number, deadlines: DeadlineQueue) {
    this.#host = host;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#deadlines = deadlines;
  }

  /** To be called when a resource became idle: it may be the next to grow too old. @param expiresAt of that resource */
  arm(expiresAt = Number.POSITIVE_INFINITY): void {
    if (this.#deadline !== undefined) {
      if (expiresAt >= this.#armedFor) return;
      this.#deadline.cancel();
    }
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
    const { idle, spare } = this.#host;
    const oldest = idle.oldest();
    if (oldest === undefined) return Number.POSITIVE_INFINITY;
    let at = Number.POSITIVE_INFINITY;
    if (this.#idleTimeoutMs > 0 && spare() > 0) at = oldest.since + this.#idleTimeoutMs;
    for (const entry of idle.fromOldest()) at = Math.min(at, entry.expiresAt);
    return at;
  }

  #reap(): void {
    this.#deadline = undefined;
    const { idle, spare, now, close } = this.#host;
    const time = now();
    for (const entry of idle.fromOldest()) {
      if (entry.state !== 'idle') continue;
      if (entry.expiresAt <= time) close(entry, 'lifetime');
      else if (this.#idleTimeoutMs > 0 && spare() > 0 && time - entry.since >= this.#idleTimeoutMs) {
        close(entry, 'idle');
      }
    }
    this.arm();
  }
}
