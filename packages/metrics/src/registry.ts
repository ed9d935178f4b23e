import { Registry } from 'prom-client';
import { Family } from './family.js';
import type { Scraper } from './scraper.js';
import type { DefaultLabels } from './text-format.js';

/** A metric of a registry, ours or prom-client's, as far as a scrape needs it. */
export interface RegisteredMetric {
  readonly name: string;
}

/**
 * The registry that `Metrics` makes for itself: a prom-client Registry, for the metrics of prom-client too, whose `metrics()`
 * keeps the scrape deadline and writes Mainstay's metrics the fast way.
 */
export class MetricsRegistry extends Registry {
  #scraper: Scraper | undefined;

  /** @internal */
  renderWith(scraper: Scraper): void {
    this.#scraper = scraper;
  }

  override metrics(): Promise<string> {
    return this.#scraper === undefined ? super.metrics() : this.#scraper.render();
  }
}

/** The default labels of a registry, set with its `setDefaultLabels`; prom-client has no public way to read them back. */
export function defaultLabelsOf(register: Registry): DefaultLabels {
  return (register as unknown as { _defaultLabels?: DefaultLabels })._defaultLabels ?? {};
}

/** All metrics of a registry, in the order in which they were registered. */
export function metricsOf(register: Registry): RegisteredMetric[] {
  return register.getMetricsAsArray();
}

/** prom-client's own text of one of its metrics; calls the metric's `collect`. */
export function renderForeign(register: Registry, metric: RegisteredMetric): Promise<string> {
  const { getMetricsAsString } = register as unknown as {
    getMetricsAsString(this: Registry, metric: RegisteredMetric): Promise<string>;
  };
  return getMetricsAsString.call(register, metric);
}

/** Puts a metric of ours into a registry; the types of prom-client name its four classes, the code asks for their shape. */
export function addTo(register: Registry, family: Family): void {
  register.registerMetric(family as unknown as Parameters<Registry['registerMetric']>[0]);
}

/** Takes a metric of ours out of a registry; another one that has come under its name stays. */
export function removeFrom(register: Registry, family: Family): void {
  if (register.getSingleMetric(family.name) === (family as unknown)) register.removeSingleMetric(family.name);
}

/** Whether a metric is one of ours, and of this copy of the package. */
export function isFamily(metric: unknown): metric is Family {
  return metric instanceof Family;
}

/** @throws TypeError for a registry in the OpenMetrics format, which prom-client renders by renaming its counters in place */
export function requireTextFormat(register: Registry): void {
  if (register.contentType !== Registry.PROMETHEUS_CONTENT_TYPE) {
    throw new TypeError(
      `Metrics: the registry must have the content type "${Registry.PROMETHEUS_CONTENT_TYPE}", received "${register.contentType}"`,
    );
  }
}
