import { Family, type FamilyOptions, type Sample } from './family.js';
import {
  type DefaultLabels,
  formatDefaultLabels,
  formatLabels,
  formatValue,
  joinLabels,
} from './text-format.js';

/** A value with the values of its labels, in the order of the metric's label names. */
export interface ReadSample {
  labelValues: readonly string[];
  value: number;
}

interface ReadFamilyOptions extends FamilyOptions {
  labels: readonly string[];
  read(): readonly ReadSample[];
}

/** A metric that holds nothing: its values are read where they are counted, at the moment of the scrape. */
export class ReadFamily extends Family {
  readonly labelNames: readonly string[];
  readonly #read: () => readonly ReadSample[];

  constructor(options: ReadFamilyOptions) {
    super(options);
    this.labelNames = options.labels;
    this.#read = options.read;
  }

  /** Nothing to do: what is read belongs to somebody else. */
  override reset(): void {}

  protected override samples(): Sample[] {
    return this.#read().map(({ labelValues, value }) => ({
      labels: Object.fromEntries(this.labelNames.map((name, index) => [name, labelValues[index] ?? ''])),
      value,
    }));
  }

  protected override renderSeries(defaults: DefaultLabels): string {
    const suffix = formatDefaultLabels(defaults, this.labelNames);
    let text = '';
    for (const { labelValues, value } of this.#read()) {
      const labels = joinLabels(formatLabels(this.labelNames, labelValues), suffix);
      text += `${this.name}${labels === '' ? '' : `{${labels}}`} ${formatValue(value)}\n`;
    }
    return text;
  }
}
