import type { Clock } from '@mainstay/core';
import type { TagInvalidations } from './tag-invalidations.js';

interface Failure {
  readonly error: unknown;
  readonly until: number;
  /** Of the next one. */
  readonly ttlMs: number;
  readonly tags: readonly string[] | undefined;
  readonly sequence: number;
}

const MAX_FAILURES = 1_000;

/** Remembers for a short time that a load failed, so that a source in trouble is not asked by every caller. The last 1,000 keys. */
export class FailureMemory {
  readonly #failures = new Map<string, Failure>();
  readonly #ttlMs: number;
  readonly #maxTtlMs: number;
  readonly #tags: TagInvalidations;
  readonly #clock: Clock;

  constructor(
    settings: { failureTtlMs: number; maxFailureTtlMs: number; clock: Clock },
    tags: TagInvalidations,
  ) {
    this.#ttlMs = settings.failureTtlMs;
    this.#maxTtlMs = Math.max(settings.failureTtlMs, settings.maxFailureTtlMs);
    this.#tags = tags;
    this.#clock = settings.clock;
  }

  add(key: string, error: unknown, tags: readonly string[] | undefined, sequence: number): void {
    if (this.#ttlMs === 0) return;
    const ttlMs = this.nextTtlMs(key);
    const until = this.#clock.now() + ttlMs;
    this.#failures.delete(key);
    this.#failures.set(key, { error, until, ttlMs: Math.min(this.#maxTtlMs, ttlMs * 2), tags, sequence });
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
    if (!this.#tags.holdSince(failure.tags, failure.sequence)) {
      this.#failures.delete(key);
      return undefined;
    }
    // Kept after its time: the next failure has to know that it is the second one.
    return failure.until > this.#clock.now() ? failure : undefined;
  }

  /** How long the next failure of this key is remembered: it doubles with each one in a row. */
  nextTtlMs(key: string): number {
    return this.#failures.get(key)?.ttlMs ?? this.#ttlMs;
  }

  delete(key: string): void {
    this.#failures.delete(key);
  }

  clear(): void {
    this.#failures.clear();
  }
}
