import type { Sample } from './family.js';
import type { LabelValues } from './labels.js';
import {
  type Rejections,
  SeriesFamily,
  type SeriesFamilyOptions,
  type StoredSeries,
} from './series-family.js';
import { formatValue } from './text-format.js';

/** One series of a gauge: it goes up and down. */
export interface Gauge {
  /** Sets it. `NaN` and the infinities are values of the format and allowed; what is no number is left out and counted. */
  set(value: number): void;
  /** Adds `amount`, by default 1, which must be finite, else it is left out and counted. */
  inc(amount?: number): void;
  /** Subtracts `amount`, by default 1, which must be finite, else it is left out and counted. */
  dec(amount?: number): void;
  /** What it stands at. */
  readonly value: number;
}

class GaugeSeries implements Gauge, StoredSeries {
  value = 0;
  head: string | undefined = undefined;
  readonly labelValues: readonly string[];
  readonly #rejections: Rejections;

  constructor(labelValues: readonly string[], rejections: Rejections) {
    this.labelValues = labelValues;
    this.#rejections = rejections;
  }

  set(value: number): void {
    if (typeof value === 'number') this.value = value;
    else this.#rejections.badValue(value);
  }

  inc(amount = 1): void {
    if (Number.isFinite(amount)) this.value += amount;
    else this.#rejections.badValue(amount);
  }

  dec(amount = 1): void {
    if (Number.isFinite(amount)) this.value -= amount;
    else this.#rejections.badValue(amount);
  }

  reset(): void {
    this.value = 0;
  }
}

/** A gauge with labels. */
export class GaugeFamily<Label extends string> extends SeriesFamily<GaugeSeries> {
  constructor(options: Omit<SeriesFamilyOptions, 'type'>) {
    super({ ...options, type: 'gauge' });
  }

  /** The series of these labels, found once. */
  labels(labels: LabelValues<Label>): Gauge {
    return this.resolve(labels);
  }

  /** Finds the series of these labels and sets it. */
  set(labels: LabelValues<Label>, value: number): void {
    this.resolve(labels).set(value);
  }

  /** Finds the series of these labels and adds `amount`, by default 1. */
  inc(labels: LabelValues<Label>, amount?: number): void {
    this.resolve(labels).inc(amount);
  }

  /** Finds the series of these labels and subtracts `amount`, by default 1. */
  dec(labels: LabelValues<Label>, amount?: number): void {
    this.resolve(labels).dec(amount);
  }

  /** Forgets a series and frees its place under `maxSeries`; what was bound to it counts into nothing. */
  remove(labels: LabelValues<Label>): boolean {
    return this.forget(labels);
  }

  protected override create(labelValues: readonly string[]): GaugeSeries {
    return new GaugeSeries(labelValues, this);
  }

  protected override headOf(labels: string): string {
    return labels === '' ? `${this.name} ` : `${this.name}{${labels}} `;
  }

  protected override renderOne(series: GaugeSeries): string {
    return `${series.head}${formatValue(series.value)}\n`;
  }

  protected override samplesOf(series: GaugeSeries, labels: Record<string, string>): Sample[] {
    return [{ labels, value: series.value }];
  }
}
