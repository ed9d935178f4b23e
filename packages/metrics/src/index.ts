export type { Component } from './component-metric.js';
export type { Counter, CounterFamily } from './counter.js';
export type { ComponentField } from './custom-fields.js';
export type { Gauge, GaugeFamily } from './gauge.js';
export { type HandlerOptions, nodeHandler, webHandler } from './handlers.js';
export type { Histogram, HistogramFamily } from './histogram.js';
export type { HttpMetrics } from './http-metrics.js';
export type { LabelValue, LabelValues } from './labels.js';
export type {
  BucketOptions,
  LabelledMetricOptions,
  MetricOptions,
  MetricsOptions,
} from './metric-options.js';
export { Metrics } from './metrics.js';
