const BUCKETS = 256;

/**
 * Where keys are counted for which the table has no place: buckets that they share by their hash. Sharing only ever takes quota
 * away. A key that gets a place of its own later begins with what its bucket has used, so it gains nothing by the change either.
 */
export class Overflow {
  readonly #stride: number;
  readonly #isBlank: (state: Float64Array, at: number, now: number) => boolean;
  /** Made at the first overflow. */
  #state: Float64Array | undefined;
  /** Differs from process to process, so that nobody can choose keys that meet another's bucket. */
  readonly #seed = Math.floor(Math.random() * 0x1_0000_0000);

  constructor(stride: number, isBlank: (state: Float64Array, at: number, now: number) => boolean) {
    this.#stride = stride;
    this.#isBlank = isBlank;
  }

  get state(): Float64Array {
    this.#state ??= new Float64Array(BUCKETS * this.#stride);
    return this.#state;
  }

  /** Where the key's bucket begins. */
  place(key: string): number {
    let hash = this.#seed;
    for (let index = 0; index < key.length; index += 1) {
      hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
    }
    hash ^= hash >>> 15;
    return ((hash >>> 0) % BUCKETS) * this.#stride;
  }

  /** Copies what the key's bucket has used into its own, new row. */
  moveInto(key: string, row: Float64Array, at: number, now: number): void {
    if (this.#state === undefined) return;
    const from = this.place(key);
    if (!this.#isBlank(this.#state, from, now)) {
      row.set(this.#state.subarray(from, from + this.#stride), at);
    }
  }
}
