/** A `Histogram` as plain data. */
export interface HistogramJson {
  layout: 'octaves-256';
  count: number;
  sum: number;
  /** Null when nothing was recorded. */
  min: number | null;
  max: number | null;
  belowRange: number;
  /** Octave number to pairs of sub-bucket and count, one after the other. */
  octaves: Record<string, number[]>;
}

// What comes from a file or from another process is checked field by field.

export function malformed(what: string, received: unknown): TypeError {
  return new TypeError(`Histogram.fromJSON: malformed ${what}, received ${String(received)}`);
}

export function object(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw malformed('object', value);
  return value as Record<string, unknown>;
}

export function whole(what: string, value: unknown, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > max)
    throw malformed(what, value);
  return value as number;
}

export function amount(what: string, value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0)) throw malformed(what, value);
  return value;
}
