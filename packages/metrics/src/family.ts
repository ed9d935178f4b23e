import type { MetricType } from './names.js';
import { type DefaultLabels, formatHead } from './text-format.js';

/** One value as prom-client's own code reads it (`getMetricsAsJSON`, cluster aggregation, plain registries). */
export interface Sample {
  metricName?: string;
  labels: Record<string, string>;
  value: number;
}

export interface FamilyOptions {
  name: string;
  help: string;
  type: MetricType;
  collect?: (() => void | Promise<void>) | undefined;
}

/**
 * A metric with all its series. It has the shape that a prom-client Registry asks of a metric, so that any registry can serve
 * it, and writes its own text, which is several times faster than going through that shape.
 */
export abstract class Family {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  /** How prom-client's cluster registry joins the workers' values. */
  readonly aggregator = 'sum';
  /** Called before each scrape, to set what is only known when asked. May be asynchronous; the scrape's deadline holds. */
  readonly collect: (() => void | Promise<void>) | undefined;

  constructor(options: FamilyOptions) {
    this.name = options.name;
    this.help = options.help;
    this.type = options.type;
    this.collect = options.collect;
  }

  /** Sets every series back to zero; a bound series stays bound. */
  abstract reset(): void;

  protected abstract samples(): Sample[];

  protected abstract renderSeries(defaults: DefaultLabels): string;

  /** For prom-client. */
  async get() {
    await this.collect?.();
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.samples() };
  }

  /** The metric in the text format as it is now, without calling `collect`. */
  render(defaults: DefaultLabels): string {
    return formatHead(this.name, this.help, this.type) + this.renderSeries(defaults);
  }
}
