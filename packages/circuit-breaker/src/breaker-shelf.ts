import type { CircuitBreaker } from './circuit-breaker.js';

export interface Place {
  readonly key: string;
  readonly breaker: CircuitBreaker;
  usedAt: number;
  /** Asked for since it was last passed over. */
  wanted: boolean;
}

/**
 * The breakers of a group by key, apart by what giving them up would lose: the closed ones little, the open ones what their
 * failures have taught, the isolated ones somebody's order. Who has to go is found by second chance: the first in line, unless
 * it was asked for since it came there; then it goes to the end. That makes asking cheap, and giving up so in the long run.
 */
export class BreakerShelf {
  readonly #calm = new Map<string, Place>();
  readonly #troubled = new Map<string, Place>();
  readonly #isolated = new Map<string, Place>();

  get size(): number {
    return this.#calm.size + this.#troubled.size + this.#isolated.size;
  }

  find(key: string): Place | undefined {
    return this.#calm.get(key) ?? this.#troubled.get(key) ?? this.#isolated.get(key);
  }

  put(place: Place): void {
    this.#lineOf(place).set(place.key, place);
  }

  /** Its breaker's state has changed, so that it may belong elsewhere. */
  sort(key: string): void {
    const place = this.find(key);
    if (place === undefined) return;
    this.remove(place);
    this.put(place);
  }

  remove({ key }: Place): void {
    this.#calm.delete(key) || this.#troubled.delete(key) || this.#isolated.delete(key);
  }

  /** The place to give up for a new key; undefined where nobody may go. */
  leastWanted(): Place | undefined {
    return firstUnwanted(this.#calm) ?? firstUnwanted(this.#troubled);
  }

  *places(): Generator<Place, void> {
    yield* this.#calm.values();
    yield* this.#troubled.values();
    yield* this.#isolated.values();
  }

  clear(): void {
    this.#calm.clear();
    this.#troubled.clear();
    this.#isolated.clear();
  }

  #lineOf({ breaker: { state } }: Place): Map<string, Place> {
    if (state === 'closed') return this.#calm;
    return state === 'isolated' ? this.#isolated : this.#troubled;
  }
}

/** Goes round at most once: after that nobody is wanted. */
function firstUnwanted(line: Map<string, Place>): Place | undefined {
  for (const place of line.values()) {
    if (!place.wanted) return place;
    place.wanted = false;
    line.delete(place.key);
    line.set(place.key, place);
  }
  return undefined;
}
