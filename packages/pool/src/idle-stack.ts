import type { Entry } from './entry.js';

/**
 * Resources that nobody uses, last in first out: the warmest is lent first, and under little traffic those at the bottom
 * grow old enough to be closed. From bottom to top they have been idle for ever shorter.
 */
export class IdleStack<R> {
  readonly #entries: Entry<R>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** The one that has been idle for the longest, without taking it. */
  oldest(): Entry<R> | undefined {
    return this.#entries[0];
  }

  push(entry: Entry<R>): void {
    this.#entries.push(entry);
  }

  /** Puts one back that was away for a moment: to its place by the time since which it is unused. */
  putBack(entry: Entry<R>): void {
    let index = this.#entries.length;
    while (index > 0 && (this.#entries[index - 1] as Entry<R>).since > entry.since) index -= 1;
    this.#entries.splice(index, 0, entry);
  }

  pop(): Entry<R> | undefined {
    return this.#entries.pop();
  }

  /** Takes one out of the middle; rare (it was lost or has expired), so a search is good enough. */
  remove(entry: Entry<R>): void {
    const index = this.#entries.indexOf(entry);
    if (index !== -1) this.#entries.splice(index, 1);
  }

  /** From the longest idle on. A copy, so that entries may be removed meanwhile. */
  fromOldest(): Entry<R>[] {
    return [...this.#entries];
  }
}
