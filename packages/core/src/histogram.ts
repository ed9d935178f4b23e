import { amount, type HistogramJson, malformed, object, whole } from './histogram-json.js';
import { indexOf, LOWEST, middleOf, OCTAVES, SUB_BUCKETS } from './octaves.js';

const LARGEST_COUNT = 2 ** 32 - 1;

/**
 * Counts of values in buckets that grow with the value: 256 to an octave (a doubling), 40 octaves from 2^-10 upwards, so that
 * a quantile is within 0.2 % of the value that a sorted list would give. In milliseconds that is 1 µs to 12 days. The idea is
 * that of Gil Tene's HdrHistogram, with the bits of the double as the index.
 *
 * Memory grows with the octaves that are used, 1 kB each, 40,960 bytes at most. Values below 2^-10 share one bucket, whose
 * quantile is the smallest value recorded; values from 2^30 upwards share the last bucket. `count`, `min` and `max` are exact for
 * all, and `sum` to the rounding of a double. A bucket's count stops at 2^32 - 1.
 */
export class Histogram {
  readonly #octaves: (Uint32Array | undefined)[] = new Array<Uint32Array | undefined>(OCTAVES).fill(
    undefined,
  );
  #belowRange = 0;
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** NaN when nothing was recorded, as with `max`, `mean` and `quantile`. */
  get min(): number {
    return this.#count === 0 ? Number.NaN : this.#min;
  }

  get max(): number {
    return this.#count === 0 ? Number.NaN : this.#max;
  }

  get mean(): number {
    return this.#sum / this.#count;
  }

  /** Bytes of the counters in use: 1,024 an octave. */
  get bytes(): number {
    let bytes = 0;
    for (const octave of this.#octaves) bytes += octave?.byteLength ?? 0;
    return bytes;
  }

  /**
   * @param value zero or more, in any unit
   * @param count how often it occurred, a whole number
   * @throws RangeError when the value is negative, NaN or infinite, or the count is no whole number of zero or more
   */
  record(value: number, count = 1): void {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`Histogram: a value must be a finite number of at least 0, received ${value}`);
    }
    if (count !== 1) {
      if (!Number.isSafeInteger(count) || count < 0) {
        throw new RangeError(`Histogram: a count must be a whole number of at least 0, received ${count}`);
      }
      if (count === 0) return;
    }
    this.#count += count;
    this.#sum += value * count;
    // Math.abs makes -0 a 0.
    if (value < this.#min) this.#min = Math.abs(value);
    if (value > this.#max) this.#max = Math.abs(value);
    if (value < LOWEST) {
      this.#belowRange += count;
      return;
    }
    const index = indexOf(value);
    const octave = this.#octaves[index >>> 8] ?? this.#grow(index >>> 8);
    const total = (octave[index & 255] as number) + count;
    octave[index & 255] = Math.min(total, LARGEST_COUNT);
  }

  /**
   * The value that the fraction `q` of all recorded values is at or below (nearest rank), within 0.2 %.
   * @param q 0 to 1; 0 and 1 give `min` and `max` exactly
   * @returns NaN when nothing was recorded
   * @throws RangeError when q is not from 0 to 1
   */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) throw new RangeError(`Histogram: a quantile must be from 0 to 1, received ${q}`);
    if (this.#count === 0) return Number.NaN;
    // 0.07 * 100 is 7.000000000000001: without the factor that would be rank 8.
    const rank = Math.max(1, Math.ceil(q * this.#count * (1 - Number.EPSILON)));
    if (rank >= this.#count) return this.#max;
    let seen = this.#belowRange;
    if (rank === 1 || seen >= rank) return this.#min;
    for (let octave = 0; octave < OCTAVES; octave += 1) {
      const counts = this.#octaves[octave];
      if (counts === undefined) continue;
      for (let sub = 0; sub < SUB_BUCKETS; sub += 1) {
        seen += counts[sub] as number;
        if (seen >= rank) return Math.min(Math.max(middleOf(octave, sub), this.#min), this.#max);
      }
    }
    return this.#max;
  }

  /**
   * How many recorded values are at or below `value`. Those in the same bucket count as well, which lie up to 0.4 % above it.
   */
  countAtOrBelow(value: number): number {
    if (Number.isNaN(value)) throw new RangeError('Histogram: countAtOrBelow takes a number, received NaN');
    if (this.#count === 0 || value < this.#min) return 0;
    if (value >= this.#max) return this.#count;
    let total = this.#belowRange;
    if (value < LOWEST) return total;
    const last = indexOf(value);
    for (let octave = 0; octave <= last >>> 8; octave += 1) {
      const counts = this.#octaves[octave];
      if (counts === undefined) continue;
      const end = octave === last >>> 8 ? (last & 255) + 1 : SUB_BUCKETS;
      for (let sub = 0; sub < end; sub += 1) total += counts[sub] as number;
    }
    return total;
  }

  /** Adds all that `other` recorded, as if it had been recorded here. `other` stays as it is. */
  merge(other: Histogram): void {
    for (let octave = 0; octave < OCTAVES; octave += 1) {
      const counts = other.#octaves[octave];
      if (counts === undefined) continue;
      const own = this.#octaves[octave] ?? this.#grow(octave);
      for (let sub = 0; sub < SUB_BUCKETS; sub += 1) {
        own[sub] = Math.min((own[sub] as number) + (counts[sub] as number), LARGEST_COUNT);
      }
    }
    this.#belowRange += other.#belowRange;
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Forgets everything but keeps the memory, for use again at once. */
  reset(): void {
    for (const octave of this.#octaves) octave?.fill(0);
    this.#belowRange = 0;
    this.#count = 0;
    this.#sum = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
  }

  #grow(octave: number): Uint32Array {
    const counts = new Uint32Array(SUB_BUCKETS);
    this.#octaves[octave] = counts;
    return counts;
  }

  toJSON(): HistogramJson {
    const octaves: Record<string, number[]> = {};
    for (const [number, counts] of this.#octaves.entries()) {
      const pairs: number[] = [];
      for (const [sub, count] of counts?.entries() ?? []) if (count > 0) pairs.push(sub, count);
      if (pairs.length > 0) octaves[number] = pairs;
    }
    return {
      layout: 'octaves-256',
      count: this.#count,
      // JSON has no Infinity.
      sum: Math.min(this.#sum, Number.MAX_VALUE),
      min: this.#count === 0 ? null : this.#min,
      max: this.#count === 0 ? null : this.#max,
      belowRange: this.#belowRange,
      octaves,
    };
  }

  /** @throws TypeError when it is not what `toJSON` gave */
  static fromJSON(json: HistogramJson): Histogram {
    const histogram = new Histogram();
    const { layout, count, sum, min, max, belowRange, octaves } = object(json);
    if (layout !== 'octaves-256') throw malformed('layout', layout);
    histogram.#count = whole('count', count);
    histogram.#belowRange = whole('belowRange', belowRange);
    let total = histogram.#belowRange;
    for (const [key, pairs] of Object.entries(object(octaves))) {
      const octave = new Uint32Array(SUB_BUCKETS);
      if (!/^\d\d?$/.test(key) || Number(key) >= OCTAVES || !Array.isArray(pairs))
        throw malformed('octaves', key);
      for (let index = 0; index < pairs.length; index += 2) {
        const sub = whole('sub-bucket', pairs[index], SUB_BUCKETS - 1);
        octave[sub] = whole('count', pairs[index + 1], LARGEST_COUNT);
        total += octave[sub] as number;
      }
      histogram.#octaves[Number(key)] = octave;
    }
    // Less than the count when a bucket is full.
    if (total > histogram.#count) throw malformed('count', count);
    if (histogram.#count === 0) return histogram;
    histogram.#sum = amount('sum', sum);
    histogram.#min = amount('min', min);
    histogram.#max = amount('max', max);
    if (histogram.#min > histogram.#max) throw malformed('min', min);
    return histogram;
  }
}
