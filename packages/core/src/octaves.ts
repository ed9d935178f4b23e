// Where a value is counted: the bits of a double already are what a logarithmic histogram needs.

export const SUB_BUCKETS = 256;
export const OCTAVES = 40;
const LOWEST_EXPONENT = -10;
/** Values below share one bucket. */
export const LOWEST = 2 ** LOWEST_EXPONENT;
const EXPONENT_BIAS = 1_023;

/** The exponent of a double is the octave, and the first eight bits of its mantissa are the sub-bucket. */
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
double[0] = 1;
const HIGH_WORD = words[1] === 0 ? 0 : 1;

/**
 * Octave times 256 plus sub-bucket.
 * @param value from 2^-10 upwards; what is beyond the last bucket falls into it
 */
export function indexOf(value: number): number {
  double[0] = value;
  const high = words[HIGH_WORD] as number;
  const octave = (high >>> 20) - EXPONENT_BIAS - LOWEST_EXPONENT;
  return octave < OCTAVES ? (octave << 8) | ((high >>> 12) & 255) : OCTAVES * SUB_BUCKETS - 1;
}

export function middleOf(octave: number, sub: number): number {
  return 2 ** (octave + LOWEST_EXPONENT) * (1 + (sub + 0.5) / SUB_BUCKETS);
}
