import { type Clock, MainstayError, monotonicClock, option, readOptions } from '@mainstay/core';
import { Registry } from 'prom-client';
import type { Component } from './component-metric.js';
import { Components } from './components.js';
import { type Counter, CounterFamily } from './counter.js';
import type { ComponentField } from './custom-fields.js';
import type { Family } from './family.js';
import { type Gauge, GaugeFamily } from './gauge.js';
import { type Histogram, HistogramFamily } from './histogram.js';
import { type HttpMetrics, makeHttpMetrics } from './http-metrics.js';
import {
  type BucketOptions,
  type LabelledMetricOptions,
  type MetricOptions,
  type MetricsOptions,
  readMetricOptions,
} from './metric-options.js';
import { checkLabelName, checkMetricName, type MetricType, namesInConflict } from './names.js';
import { addDefaultMetrics, windowedUtilization } from './process-metrics.js';
import { addTo, MetricsRegistry, removeFrom, requireTextFormat } from './registry.js';
import { ScrapeFailures } from './scrape-failures.js';
import { Scraper } from './scraper.js';
import { selfMetrics } from './self-metrics.js';

/** Registries that have a `Metrics`: its own metrics can be in a registry only once. */
const taken = new WeakSet<Registry>();

/** The metrics of a service: its own, those of its process, its HTTP server and the Mainstay components it uses. */
export class Metrics {
  /** The prom-client registry that holds all of them, and that metrics made with prom-client may join. */
  readonly register: Registry;
  readonly #limits: { prefix: string; maxSeries: number; maxLabelLength: number };
  readonly #clock: Clock;
  readonly #scraper: Scraper;
  readonly #components: Components;
  #http: { metrics: HttpMetrics; buckets: string } | undefined;
  #hasDefaults = false;

  /** @throws TypeError, RangeError that name the option, what was received and what is allowed */
  constructor(received: MetricsOptions = {}) {
    const options = readMetricsOptions(received);
    const { prefix, maxSeries, maxLabelLength, clock, scrapeTimeoutMs } = options;
    this.#limits = { prefix, maxSeries, maxLabelLength };
    this.#clock = clock;
    const own = options.register === undefined ? new MetricsRegistry() : undefined;
    this.register = own ?? (options.register as Registry);
    const failures = new ScrapeFailures(maxSeries);
    const failed = failures.add.bind(failures);
    this.#scraper = new Scraper({ register: this.register, timeoutMs: scrapeTimeoutMs, clock, failed });
    own?.renderWith(this.#scraper);
    own?.setDefaultLabels({ ...options.defaultLabels });
    this.#components = new Components({
      prefix,
      maxComponents: maxSeries,
      maxLabelLength,
      add: (family) => this.#add(family),
      remove: (family) => removeFrom(this.register, family),
    });
    const up = () => this.#components.up();
    for (const family of selfMetrics(this.register, prefix, () => failures.read(), up)) this.#add(family);
    taken.add(this.register);
  }

  /** The `content-type` of what {@link render} returns. */
  get contentType(): string {
    return this.register.contentType;
  }

  /**
   * The whole registry in the Prometheus text format, prom-client's metrics included, in at most `scrapeTimeoutMs` and the time it
   * takes to write. What could not be collected is left out and counted in `mainstay_metrics_scrape_failures_total`.
   */
  render(): Promise<string> {
    return this.#scraper.render();
  }

  /**
   * Makes a counter: what only goes up.
   *
   * @throws TypeError for a name, a help text or labels that are not allowed
   * @throws MainstayError `ERR_METRIC_NAME_TAKEN` when the registry has the name already
   */
  counter(options: MetricOptions): Counter;
  counter<const Label extends string>(options: LabelledMetricOptions<Label>): CounterFamily<Label>;
  counter(options: MetricOptions | LabelledMetricOptions<string>): Counter | CounterFamily<string> {
    const family = this.#add(new CounterFamily(this.#read('counter', options)));
    return family.labelNames.length === 0 ? family.only() : family;
  }

  /** Makes a gauge: what goes up and down. Throws as {@link counter} does. */
  gauge(options: MetricOptions): Gauge;
  gauge<const Label extends string>(options: LabelledMetricOptions<Label>): GaugeFamily<Label>;
  gauge(options: MetricOptions | LabelledMetricOptions<string>): Gauge | GaugeFamily<string> {
    const family = this.#add(new GaugeFamily(this.#read('gauge', options)));
    return family.labelNames.length === 0 ? family.only() : family;
  }

  /** Makes a histogram with fixed buckets. Throws as {@link counter} does, and TypeError for buckets that are not in rising order. */
  histogram(options: MetricOptions & BucketOptions): Histogram;
  histogram<const Label extends string>(
    options: LabelledMetricOptions<Label> & BucketOptions,
  ): HistogramFamily<Label>;
  histogram(
    options: (MetricOptions | LabelledMetricOptions<string>) & BucketOptions,
  ): Histogram | HistogramFamily<string> {
    const family = this.#add(new HistogramFamily(this.#read('histogram', options)));
    return family.labelNames.length === 0 ? family.only() : family;
  }

  /**
   * Shows what a component counts. Its `stats()` is read at each scrape and nothing is added to its own work. Circuit breakers,
   * caches, pools and health checks are known by their `kind`; for any other kind, `fields` say what becomes which metric.
   *
   * A component whose `stats()` throws is left out, with `mainstay_component_up` at 0.
   *
   * @returns a function that ends it and lets go of the component
   * @throws MainstayError `ERR_UNKNOWN_COMPONENT_KIND`, `ERR_COMPONENT_NAME_TAKEN` (one name within a kind),
   *   `ERR_TOO_MANY_COMPONENTS` (`maxSeries` of one kind), `ERR_METRIC_NAME_TAKEN`
   */
  watch(component: Component, options: { fields?: readonly ComponentField[] | undefined } = {}): () => void {
    const anything = option.custom<unknown>('anything', () => true, { optional: true });
    const { fields } = readOptions('Metrics.watch', options, { fields: anything });
    return this.#components.watch(component, fields);
  }

  /**
   * Adds the metrics of the process: prom-client's default metrics (where the registry does not have them) and
   * `nodejs_eventloop_utilization_ratio`, the share of time since the last scrape in which the event loop was busy. Repeated calls
   * do nothing. prom-client's observers of event loop and garbage collection run until the process ends.
   */
  collectDefaults(): void {
    if (this.#hasDefaults) return;
    addDefaultMetrics(this.register, this.#limits.prefix);
    const read = windowedUtilization(this.#clock);
    const gauge: Gauge = this.gauge({
      name: 'nodejs_eventloop_utilization_ratio',
      help: 'Share of time since the last scrape in which the event loop was busy, 0 to 1.',
      collect: () => gauge.set(read()),
    });
    this.#hasDefaults = true;
  }

  /**
   * The metrics of an HTTP server, for adapters of frameworks; the Fastify plugin uses them. Made at the first call, the same for
   * all servers of the process.
   *
   * @throws TypeError when they exist with other buckets
   */
  http(options: BucketOptions = {}): HttpMetrics {
    const buckets = JSON.stringify(options.buckets);
    this.#http ??= { metrics: makeHttpMetrics(this, options), buckets };
    if (buckets !== undefined && buckets !== this.#http.buckets) {
      throw new TypeError('Metrics: the HTTP metrics exist already, with other buckets');
    }
    return this.#http.metrics;
  }

  #read(type: MetricType, options: unknown) {
    return readMetricOptions(type, options, this.#limits);
  }

  #add<F extends Family>(family: F): F {
    for (const { name, onlyHistograms } of namesInConflict(family.type, family.name)) {
      const other = this.register.getSingleMetric(name) as { type?: unknown } | undefined;
      if (other === undefined || (onlyHistograms && other.type !== 'histogram' && other.type !== 'summary'))
        continue;
      throw new MainstayError(
        'ERR_METRIC_NAME_TAKEN',
        `Metrics: ${family.name} cannot be added, the registry has ${name} already; use another name, a prefix or a registry of its own`,
      );
    }
    addTo(this.register, family);
    return family;
  }
}

function readMetricsOptions(received: MetricsOptions) {
  const options = readOptions('Metrics', received, {
    prefix: option.string({ minLength: 0, maxLength: 100, default: '' }),
    defaultLabels: option.instance<Record<string, string>>({ optional: true }),
    maxSeries: option.integer({ min: 1, max: 1_000_000, default: 1_000 }),
    maxLabelLength: option.integer({ min: 16, max: 100_000, default: 1_000 }),
    scrapeTimeoutMs: option.milliseconds({ min: 1, default: 5_000 }),
    register: option.custom<Registry>('a prom-client Registry', (value) => value instanceof Registry, {
      optional: true,
    }),
    clock: option.instance<Clock>({ methods: ['now', 'setTimer'], default: monotonicClock }),
  });
  const { prefix, defaultLabels, register } = options;
  if (prefix !== '') checkMetricName('gauge', prefix);
  for (const [name, value] of Object.entries(defaultLabels ?? {})) {
    checkLabelName('"defaultLabels"', name);
    if (typeof value !== 'string') throw new TypeError(`Metrics: "defaultLabels.${name}" must be a string`);
  }
  if (register === undefined) return options;
  if (defaultLabels !== undefined) {
    throw new TypeError('Metrics: with "register", set the labels there, with register.setDefaultLabels()');
  }
  if (taken.has(register)) throw new TypeError('Metrics: this registry has a Metrics already; use that one');
  requireTextFormat(register);
  return options;
}
