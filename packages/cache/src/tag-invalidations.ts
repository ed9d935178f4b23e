/**
 * What was invalidated in this process, and when: by a sequence number, not by a clock. A value (or a load) remembers the
 * sequence at which it began; a tag invalidated since then makes it void, however many keys carry the tag.
 *
 * Only the last `limit` tags are remembered. What is forgotten counts as invalidated for every tagged value older than it: a
 * needless miss, never a stale answer.
 */
export class TagInvalidations {
  #sequence = 0;
  #forgottenUpTo = 0;
  #distrustedAt = 0;
  readonly #invalidatedAt = new Map<string, number>();
  readonly #limit: number;

  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** Grows with every invalidation. */
  get sequence(): number {
    return this.#sequence;
  }

  invalidate(tags: readonly string[]): void {
    this.#sequence += 1;
    for (const tag of tags) {
      // Deleted first, so that the map stays ordered by age.
      this.#invalidatedAt.delete(tag);
      this.#invalidatedAt.set(tag, this.#sequence);
    }
    while (this.#invalidatedAt.size > this.#limit) this.#forgetOldest();
  }

  /** From now on nothing older is answered without asking Redis: what other processes changed may have been missed. */
  distrust(): void {
    this.#sequence += 1;
    this.#distrustedAt = this.#sequence;
  }

  /** Whether everything that other processes changed since `sequence` was heard of. */
  trustedSince(sequence: number): boolean {
    return sequence >= this.#distrustedAt;
  }

  /** Whether none of the tags was invalidated after `sequence`. */
  holdSince(tags: readonly string[] | undefined, sequence: number): boolean {
    if (tags === undefined) return true;
    if (sequence < this.#forgottenUpTo) return false;
    for (const tag of tags) {
      const invalidatedAt = this.#invalidatedAt.get(tag);
      if (invalidatedAt !== undefined && invalidatedAt > sequence) return false;
    }
    return true;
  }

  #forgetOldest(): void {
    for (const [tag, invalidatedAt] of this.#invalidatedAt) {
      this.#invalidatedAt.delete(tag);
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, invalidatedAt);
      return;
    }
  }
}
