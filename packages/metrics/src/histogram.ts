import type { Sample } from './family.js';
import type { LabelValues } from './labels.js';
import {
  type Rejections,
  SeriesFamily,
  type SeriesFamilyOptions,
  type StoredSeries,
} from './series-family.js';
import { formatValue } from './text-format.js';

/** One series of a histogram with fixed buckets. */
export interface Histogram {
  /** Counts `value` in its bucket. What is not a finite number is left out and counted in `mainstay_metrics_rejected_total`. */
  observe(value: number): void;
  /** Starts a stopwatch; the function it returns observes the seconds that went by, and returns them. */
  startTimer(): () => number;
  /** How many values were observed. */
  readonly count: number;
  /** Their sum. */
  readonly sum: number;
}

/** 5 ms to 10 s, in seconds: the defaults of every Prometheus client. */
export const defaultBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** @throws TypeError when the bounds are not finite numbers in rising order */
export function checkBuckets(metric: string, buckets: unknown): asserts buckets is readonly number[] {
  const problem = `Metrics: "buckets" of ${metric} must be a list of finite numbers, each greater than the one before`;
  if (!Array.isArray(buckets) || buckets.length === 0) throw new TypeError(`${problem}, and not empty`);
  for (const [index, bound] of buckets.entries()) {
    if (!Number.isFinite(bound)) {
      throw new TypeError(`${problem} (+Inf is always there), received ${String(bound)} at ${index}`);
    }
    if (index > 0 && bound <= buckets[index - 1]) {
      throw new TypeError(`${problem}, received ${bound} after ${buckets[index - 1]}`);
    }
  }
}

class HistogramSeries implements Histogram, StoredSeries {
  sum = 0;
  head: string | undefined = undefined;
  readonly labelValues: readonly string[];
  /** Values in each bucket alone; the last one holds what is above all bounds. */
  readonly counts: Float64Array;
  readonly #bounds: readonly number[];
  readonly #rejections: Rejections;

  constructor(labelValues: readonly string[], bounds: readonly number[], rejections: Rejections) {
    this.labelValues = labelValues;
    this.#bounds = bounds;
    this.#rejections = rejections;
    this.counts = new Float64Array(bounds.length + 1);
  }

  get count(): number {
    return this.counts.reduce((total, count) => total + count, 0);
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) {
      this.#rejections.badValue(value);
      return;
    }
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] as number)) index++;
    this.counts[index] = (this.counts[index] as number) + 1;
    this.sum += value;
  }

  startTimer(): () => number {
    const start = performance.now();
    return () => {
      const seconds = (performance.now() - start) / 1000;
      this.observe(seconds);
      return seconds;
    };
  }

  reset(): void {
    this.sum = 0;
    this.counts.fill(0);
  }
}

/** A histogram with labels. */
export class HistogramFamily<Label extends string> extends SeriesFamily<HistogramSeries> {
  readonly #bounds: readonly number[];
  /** The end of each bucket's line up to its count. */
  readonly #bucketEnds: readonly string[];

  constructor(options: Omit<SeriesFamilyOptions, 'type'> & { buckets: readonly number[] }) {
    super({ ...options, type: 'histogram' });
    this.#bounds = [...options.buckets];
    this.#bucketEnds = [...this.#bounds, Number.POSITIVE_INFINITY].map(
      (bound) => `le="${formatValue(bound)}"} `,
    );
  }

  /** The series of these labels, found once. */
  labels(labels: LabelValues<Label>): Histogram {
    return this.resolve(labels);
  }

  /** Finds the series of these labels and counts `value` in its bucket. */
  observe(labels: LabelValues<Label>, value: number): void {
    this.resolve(labels).observe(value);
  }

  /** Starts a stopwatch; the function it returns takes the labels, observes the seconds that went by, and returns them. */
  startTimer(): (labels: LabelValues<Label>) => number {
    const start = performance.now();
    return (labels) => {
      const seconds = (performance.now() - start) / 1000;
      this.resolve(labels).observe(seconds);
      return seconds;
    };
  }

  /** Forgets a series and frees its place under `maxSeries`; what was bound to it counts into nothing. */
  remove(labels: LabelValues<Label>): boolean {
    return this.forget(labels);
  }

  protected override create(labelValues: readonly string[]): HistogramSeries {
    return new HistogramSeries(labelValues, this.#bounds, this);
  }

  protected override reservedLabelNames(): readonly string[] {
    return [...this.labelNames, 'le'];
  }

  protected override headOf(labels: string): string {
    return labels;
  }

  protected override renderOne(series: HistogramSeries): string {
    const labels = series.head ?? '';
    const bucketStart = labels === '' ? `${this.name}_bucket{` : `${this.name}_bucket{${labels},`;
    const end = labels === '' ? ' ' : `{${labels}} `;
    let text = '';
    let count = 0;
    for (let index = 0; index < series.counts.length; index++) {
      count += series.counts[index] as number;
      text += `${bucketStart}${this.#bucketEnds[index]}${count}\n`;
    }
    return `${text}${this.name}_sum${end}${formatValue(series.sum)}\n${this.name}_count${end}${count}\n`;
  }

  protected override samplesOf(series: HistogramSeries, labels: Record<string, string>): Sample[] {
    const samples: Sample[] = [];
    let count = 0;
    for (const [index, inBucket] of series.counts.entries()) {
      count += inBucket;
      const le = formatValue(this.#bounds[index] ?? Number.POSITIVE_INFINITY);
      samples.push({ metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count });
    }
    samples.push({ metricName: `${this.name}_sum`, labels, value: series.sum });
    samples.push({ metricName: `${this.name}_count`, labels, value: count });
    return samples;
  }
}
