import type { Sample } from './family.js';
import type { LabelValues } from './labels.js';
import {
  type Rejections,
  SeriesFamily,
  type SeriesFamilyOptions,
  type StoredSeries,
} from './series-family.js';
import { formatValue } from './text-format.js';

/** One series of a counter: it only goes up. */
export interface Counter {
  /**
   * Adds `amount`, by default 1. An amount that is negative, not finite or no number is left out, counted in
   * `mainstay_metrics_rejected_total` and warned of once: a metric never throws where it is used.
   */
  inc(amount?: number): void;
  /** What it stands at. */
  readonly value: number;
}

class CounterSeries implements Counter, StoredSeries {
  value = 0;
  head: string | undefined = undefined;
  readonly labelValues: readonly string[];
  readonly #rejections: Rejections;

  constructor(labelValues: readonly string[], rejections: Rejections) {
    this.labelValues = labelValues;
    this.#rejections = rejections;
  }

  inc(amount = 1): void {
    if (typeof amount === 'number' && amount >= 0 && amount < Number.POSITIVE_INFINITY) this.value += amount;
    else this.#rejections.badValue(amount);
  }

  reset(): void {
    this.value = 0;
  }
}

/** A counter with labels. */
export class CounterFamily<Label extends string> extends SeriesFamily<CounterSeries> {
  constructor(options: Omit<SeriesFamilyOptions, 'type'>) {
    super({ ...options, type: 'counter' });
  }

  /** The series of these labels, found once: keep it where the labels are known beforehand, its `inc` is a plain addition. */
  labels(labels: LabelValues<Label>): Counter {
    return this.resolve(labels);
  }

  /** Finds the series of these labels and adds `amount`, by default 1. */
  inc(labels: LabelValues<Label>, amount?: number): void {
    this.resolve(labels).inc(amount);
  }

  /** Forgets a series and frees its place under `maxSeries`; what was bound to it counts into nothing. */
  remove(labels: LabelValues<Label>): boolean {
    return this.forget(labels);
  }

  protected override create(labelValues: readonly string[]): CounterSeries {
    return new CounterSeries(labelValues, this);
  }

  protected override headOf(labels: string): string {
    return labels === '' ? `${this.name} ` : `${this.name}{${labels}} `;
  }

  protected override renderOne(series: CounterSeries): string {
    return `${series.head}${formatValue(series.value)}\n`;
  }

  protected override samplesOf(series: CounterSeries, labels: Record<string, string>): Sample[] {
    return [{ labels, value: series.value }];
  }
}
