import { Family, type FamilyOptions, type Sample } from './family.js';
import { flatCopy, type LabelReport, LabelTree } from './labels.js';
import { type DefaultLabels, formatDefaultLabels, formatLabels, joinLabels } from './text-format.js';

/** What a family keeps beside the numbers of a series. */
export interface StoredSeries {
  readonly labelValues: readonly string[];
  /** The constant part of its line(s), made at the first scrape. */
  head: string | undefined;
  reset(): void;
}

/** Takes note of calls that cannot be carried out as given. They are counted, and warned of once a metric; they never throw. */
export interface Rejections {
  badValue(value: unknown): void;
}

export interface SeriesFamilyOptions extends FamilyOptions {
  labels?: readonly string[] | undefined;
  maxSeries: number;
  maxLabelLength: number;
}

const noLabels = {};

/** A metric whose series are found by their labels; without labels it has exactly one. */
export abstract class SeriesFamily<Series extends StoredSeries>
  extends Family
  implements LabelReport, Rejections
{
  readonly labelNames: readonly string[];
  /** Calls that went to the `__other__` series because `maxSeries` was reached. */
  droppedLabelSets = 0;
  /** Values that were refused: not a number, negative for a counter, … */
  badValues = 0;
  /** Labels that the metric does not have; counted when they first appear in a new label set. */
  unknownLabels = 0;
  readonly #tree: LabelTree<Series> | undefined;
  #only: Series | undefined;
  #defaults = '';
  #warned = new Set<string>();

  constructor(options: SeriesFamilyOptions) {
    super(options);
    this.labelNames = [...(options.labels ?? [])];
    if (this.labelNames.length > 0) {
      const { maxSeries, maxLabelLength } = options;
      const create = (values: readonly string[]) => this.create(values);
      this.#tree = new LabelTree({ names: this.labelNames, maxSeries, maxLabelLength, create, report: this });
    }
  }

  protected abstract create(labelValues: readonly string[]): Series;

  /** Writes the line(s) of one series, whose `head` is set. */
  protected abstract renderOne(series: Series): string;

  /** The constant part of the line(s) of a series, from its own and the default labels. */
  protected abstract headOf(labels: string): string;

  /** Names that no default label may add to a line. */
  protected reservedLabelNames(): readonly string[] {
    return this.labelNames;
  }

  protected abstract samplesOf(series: Series, labels: Record<string, string>): Sample[];

  get series(): Iterable<Series> {
    return this.#tree?.series ?? (this.#only === undefined ? [] : [this.#only]);
  }

  /** The series of a metric without labels. */
  only(): Series {
    this.#only ??= this.create([]);
    return this.#only;
  }

  protected resolve(labels: object): Series {
    if (this.#tree === undefined) return this.only();
    return this.#tree.resolve((labels ?? noLabels) as Record<string, unknown>);
  }

  protected forget(labels: object): boolean {
    return this.#tree?.remove((labels ?? noLabels) as Record<string, unknown>) ?? false;
  }

  override reset(): void {
    for (const series of this.series) series.reset();
  }

  protected override renderSeries(defaults: DefaultLabels): string {
    const suffix = formatDefaultLabels(defaults, this.reservedLabelNames());
    const stale = suffix !== this.#defaults;
    this.#defaults = suffix;
    let text = '';
    for (const series of this.series) {
      if (stale || series.head === undefined) {
        const labels = joinLabels(formatLabels(this.labelNames, series.labelValues), suffix);
        series.head = flatCopy(this.headOf(labels));
      }
      text += this.renderOne(series);
    }
    return text;
  }

  protected override samples(): Sample[] {
    const samples: Sample[] = [];
    for (const series of this.series) {
      const labels = Object.fromEntries(
        this.labelNames.map((name, at) => [name, series.labelValues[at] ?? '']),
      );
      samples.push(...this.samplesOf(series, labels));
    }
    return samples;
  }

  overflowed(): void {
    this.droppedLabelSets++;
    this.#warnOnce(
      'maxSeries',
      'has reached maxSeries; further label sets are counted in the series "__other__"',
    );
  }

  unknownLabel(name: string): void {
    this.unknownLabels++;
    this.#warnOnce('label', `has no label "${name}", which it was given; the label is left out`);
  }

  badValue(value: unknown): void {
    this.badValues++;
    this.#warnOnce('value', `was given ${describe(value)}, which it cannot take; the call is left out`);
  }

  #warnOnce(reason: string, message: string): void {
    if (this.#warned.has(reason)) return;
    this.#warned.add(reason);
    process.emitWarning(`Metric ${this.name} ${message}`, {
      type: 'MainstayWarning',
      code: 'MAINSTAY_METRICS',
    });
  }
}

function describe(value: unknown): string {
  if (typeof value === 'number' || value === undefined || value === null) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
