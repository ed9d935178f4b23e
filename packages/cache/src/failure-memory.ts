import type { Clock } from '@mainstay/core';
import type { TagInvalidations } from './tag-invalidations.js';

interface Failure {
  readonly error: unknown;
  readonly until: number;
  readonly tags: readonly string[] | undefined;
  readonly sequence: number;
}

const MAX_FAILURES = 1_000;

/** Remembers for a short time that a load failed, so that a source in trouble is not asked by every caller. The last 1,000 keys. */
export class FailureMemory {
  readonly #failures = new Map<string, Failure>();
  readonly #ttlMs: number;
  readonly #tags: TagInvalidations;
  readonly #clock: Clock;

  constructor(ttlMs: number, tags: TagInvalidations, clock: Clock) {
    this.#ttlMs = ttlMs;
    this.#tags = tags;
    this.#clock = clock;
  }

  add(key: string, error: unknown, tags: readonly string[] | undefined, sequence: number): void {
    if (this.#ttlMs === 0) return;
    this.#failures.delete(key);
    this.#failures.set(key, { error, until: this.#clock.now() + this.#ttlMs, tags, sequence });
    if (this.#failures.size <= MAX_FAILURES) return;
    for (const oldest of this.#failures.keys()) {
      this.#failures.delete(oldest);
      return;
    }
  }

  /** In a wrapper, since an error may be `undefined`. */
  get(key: string): { error: unknown } | undefined {
    const failure = this.#failures.get(key);
    if (failure === undefined) return undefined;
    if (failure.until > this.#clock.now() && this.#tags.holdSince(failure.tags, failure.sequence))
      return failure;
    this.#failures.delete(key);
    return undefined;
  }

  delete(key: string): void {
    this.#failures.delete(key);
  }

  clear(): void {
    this.#failures.clear();
  }
}
