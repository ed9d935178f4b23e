import type { CounterFamily } from './counter.js';
import type { Gauge } from './gauge.js';
import type { HistogramFamily } from './histogram.js';
import type { BucketOptions } from './metric-options.js';
import type { Metrics } from './metrics.js';

/** The route of requests that no route has matched: their URLs are the visitor's and without number. */
export const unmatchedRoute = 'unmatched';

/** What is measured of an HTTP server. Routes are patterns (`/users/:id`), never URLs. */
export interface HttpMetrics {
  /** `http_request_duration_seconds`: answered requests, from their arrival until the last byte was handed to the system. */
  readonly duration: HistogramFamily<'method' | 'route' | 'status'>;
  /** `http_requests_in_flight`: requests that have neither been answered nor aborted. */
  readonly inFlight: Gauge;
  /** `http_requests_aborted_total`: requests whose client went away before the answer was complete; they have no duration. */
  readonly aborted: CounterFamily<'method' | 'route'>;
}

export function makeHttpMetrics(metrics: Metrics, { buckets }: BucketOptions): HttpMetrics {
  return {
    duration: metrics.histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the arrival of a request until its answer was sent.',
      labels: ['method', 'route', 'status'],
      ...(buckets === undefined ? {} : { buckets }),
    }),
    inFlight: metrics.gauge({
      name: 'http_requests_in_flight',
      help: 'Requests that have neither been answered nor aborted.',
    }),
    aborted: metrics.counter({
      name: 'http_requests_aborted_total',
      help: 'Requests whose client went away before the answer was complete.',
      labels: ['method', 'route'],
    }),
  };
}
