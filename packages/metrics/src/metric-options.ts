import { type Clock, option, readOptions } from '@mainstay/core';
import type { Registry } from 'prom-client';
import { checkBuckets, defaultBuckets } from './histogram.js';
import { checkHelp, checkLabelNames, checkMetricName, type MetricType } from './names.js';

/** A metric without labels: one series. */
export interface MetricOptions {
  /** By the Prometheus grammar, with the unit as its last word (`_seconds`, `_bytes`); a counter's ends in `_total`. */
  name: string;
  /** What it measures, in a sentence. */
  help: string;
  labels?: undefined;
  /**
   * Called at each scrape, before the metric is written: to set what is only known when asked. When it throws, or does not come
   * back within `scrapeTimeoutMs`, the metric is left out of that scrape.
   */
  collect?: (() => void | Promise<void>) | undefined;
}

/** A metric with labels: one series for each set of their values. */
export interface LabelledMetricOptions<Label extends string> extends Omit<MetricOptions, 'labels'> {
  /** Their names, which become the type of what `labels()`, `inc()`, … ask for. */
  labels: readonly Label[];
  /** Most series of this metric, in place of the `maxSeries` of `Metrics`. */
  maxSeries?: number | undefined;
}

export interface BucketOptions {
  /** Upper bounds, rising; `+Inf` is always added. Default: 0.005 to 10, for seconds. */
  buckets?: readonly number[] | undefined;
}

interface Surroundings {
  prefix: string;
  maxSeries: number;
  maxLabelLength: number;
}

/** @throws TypeError, RangeError that name the option, what was received and what is allowed */
export function readMetricOptions(type: MetricType, received: unknown, { prefix, ...limits }: Surroundings) {
  const anything = option.custom<unknown>('anything', () => true, { optional: true });
  const options = readOptions(`Metrics.${type}`, received, {
    name: option.string(),
    help: option.string({ maxLength: 10_000 }),
    labels: anything,
    collect: option.func<() => void | Promise<void>>({ optional: true }),
    maxSeries: option.integer({ min: 1, max: 1_000_000, default: limits.maxSeries }),
    ...(type === 'histogram' ? { buckets: anything } : {}),
  });
  const name = prefix + options.name;
  const { help, labels, collect, maxSeries } = options;
  const { buckets = defaultBuckets } = options as { buckets?: unknown };
  checkMetricName(type, name);
  checkHelp(name, help);
  if (labels !== undefined) checkLabelNames(type, name, labels);
  checkBuckets(name, buckets);
  return { name, help, labels, collect, maxSeries, maxLabelLength: limits.maxLabelLength, buckets };
}

/** Checked options of `Metrics` itself. */
export interface MetricsOptions {
  /** Put before the name of every metric that is made here. Default: none. */
  prefix?: string | undefined;
  /** Labels for every series of the registry, prom-client's metrics included. Not together with `register`. */
  defaultLabels?: Readonly<Record<string, string>> | undefined;
  /**
   * Most series of one metric; what comes after is counted together in a series whose labels are all `__other__`. Also most
   * components of one kind. Default 1,000.
   */
  maxSeries?: number | undefined;
  /** Longer label values are cut, in UTF-16 code units. Default 1,000. */
  maxLabelLength?: number | undefined;
  /** How long a scrape waits for asynchronous `collect` functions; Prometheus itself waits 10 s by default. Default 5,000. */
  scrapeTimeoutMs?: number | undefined;
  /**
   * The prom-client registry to join, for instance prom-client's global `register`, so that the metrics that a service has already
   * are served together with these. Default: a new one of its own.
   */
  register?: Registry | undefined;
  /** Where time comes from, for tests. */
  clock?: Clock | undefined;
}
