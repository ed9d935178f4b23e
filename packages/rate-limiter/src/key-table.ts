/** No place is left: every key in the table has used something. */
export const FULL = -1;

const FIRST_ROWS = 64;
/** Each new key looks at so many old ones, so that keys that have used nothing for a while go without a timer. */
const LOOKS_A_CLAIM = 2;
/** And at so many when the table is full: few, since that is when somebody makes keys up, and each costs its look at old ones. */
const LOOKS_WHEN_FULL = 6;

/**
 * Rows of numbers by key: a Map from the key to a place in one Float64Array, and no object a key. It grows by half until `maxKeys`.
 *
 * Only rows that are blank (nothing used, nothing owed) are ever given to another key, so that losing one's place gives nobody a
 * new quota. They are found by a hand that walks round the table a few steps with each new key.
 */
export class KeyTable {
  state: Float64Array;
  evictions = 0;
  readonly #places = new Map<string, number>();
  readonly #stride: number;
  readonly #maxKeys: number;
  readonly #isBlank: (at: number, now: number) => boolean;
  #rows = 0;
  /** Freed places, each holding the next; -1 at the end. */
  #free = -1;
  #hand: IterableIterator<[string, number]> | undefined;

  constructor(stride: number, maxKeys: number, isBlank: (at: number, now: number) => boolean) {
    this.#stride = stride;
    this.#maxKeys = maxKeys;
    this.#isBlank = isBlank;
    this.state = new Float64Array(Math.min(FIRST_ROWS, maxKeys) * stride);
  }

  get size(): number {
    return this.#places.size;
  }

  /** Where the key's row begins, or undefined. */
  find(key: string): number | undefined {
    return this.#places.get(key);
  }

  /** A row of zeros for a key that has none, or `FULL`. */
  claim(key: string, now: number): number {
    if (this.#places.size < this.#maxKeys) this.#sweep(now, LOOKS_A_CLAIM, false);
    else if (!this.#sweep(now, LOOKS_WHEN_FULL, true)) return FULL;
    const at = this.#place();
    this.#places.set(key, at);
    return at;
  }

  /** Calls back with every key and its row, as they are now or come to be. */
  entries(): IterableIterator<[string, number]> {
    return this.#places.entries();
  }

  clear(): void {
    this.#places.clear();
    this.#rows = 0;
    this.#free = -1;
    this.#hand = undefined;
    this.state = new Float64Array(0);
  }

  #place(): number {
    if (this.#free !== -1) {
      const at = this.#free;
      this.#free = this.state[at] as number;
      this.state.fill(0, at, at + this.#stride);
      return at;
    }
    const at = this.#rows * this.#stride;
    this.#rows += 1;
    if (at + this.#stride > this.state.length) this.#grow();
    return at;
  }

  #grow(): void {
    const rows = Math.min(this.#maxKeys, Math.max(FIRST_ROWS, Math.ceil(this.#rows * 1.5)));
    const larger = new Float64Array(rows * this.#stride);
    larger.set(this.state);
    this.state = larger;
  }

  /** Returns whether a place became free. The hand is a live iterator of the Map: it skips what is deleted, and meets what is new. */
  #sweep(now: number, looks: number, untilOne: boolean): boolean {
    let freed = false;
    for (let look = Math.min(looks, this.#places.size); look > 0; look -= 1) {
      this.#hand ??= this.#places.entries();
      const { value: entry } = this.#hand.next();
      if (entry === undefined) {
        this.#hand = undefined;
        continue;
      }
      const [key, at] = entry;
      if (!this.#isBlank(at, now)) continue;
      this.#places.delete(key);
      this.state[at] = this.#free;
      this.#free = at;
      this.evictions += 1;
      freed = true;
      if (untilOne) break;
    }
    return freed;
  }
}
