/**
 * What Redis could not be told during an outage: keys and tags to invalidate, told as soon as it is back and before anything is
 * read from it. Bounded: past the limit it remembers only that everything has to go. Replaying is always safe, since all that an
 * invalidation can cost is a load.
 */
export class OutageJournal {
  readonly #limit: number;
  #sequence = 0;
  #everythingAt = 0;
  readonly #keys = new Map<string, number>();
  readonly #tags = new Map<string, number>();

  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  get empty(): boolean {
    return this.#keys.size === 0 && this.#tags.size === 0 && this.#everythingAt === 0;
  }

  addKey(key: string): void {
    if (this.#everythingAt > 0) this.addEverything();
    else this.#keys.set(key, ++this.#sequence);
    this.#bound();
  }

  addTags(tags: readonly string[]): void {
    if (this.#everythingAt > 0) this.addEverything();
    else for (const tag of tags) this.#tags.set(tag, ++this.#sequence);
    this.#bound();
  }

  /** Includes all that was noted before. */
  addEverything(): void {
    this.#keys.clear();
    this.#tags.clear();
    this.#everythingAt = ++this.#sequence;
  }

  /** The next part to replay. */
  next(maxKeys: number): JournalPart {
    return {
      upTo: this.#sequence,
      everything: this.#everythingAt > 0,
      keys: firstOf(this.#keys, maxKeys),
      tags: firstOf(this.#tags, maxKeys),
    };
  }

  /** What was noted again since the part was taken stays. */
  acknowledge(part: JournalPart): void {
    if (part.everything && this.#everythingAt <= part.upTo) this.#everythingAt = 0;
    for (const key of part.keys) if ((this.#keys.get(key) ?? 0) <= part.upTo) this.#keys.delete(key);
    for (const tag of part.tags) if ((this.#tags.get(tag) ?? 0) <= part.upTo) this.#tags.delete(tag);
  }

  #bound(): void {
    if (this.#keys.size + this.#tags.size > this.#limit) this.addEverything();
  }
}

export interface JournalPart {
  readonly upTo: number;
  readonly everything: boolean;
  readonly keys: readonly string[];
  readonly tags: readonly string[];
}

function firstOf(noted: Map<string, number>, count: number): string[] {
  const found: string[] = [];
  for (const name of noted.keys()) {
    if (found.length === count) break;
    found.push(name);
  }
  return found;
}
