import type { ComponentMetric } from '../component-metric.js';
import { metricsOf } from './metrics-of.js';

const { counter, counters, gauge } = metricsOf('fault_proxy');

/** Metrics of `kind: 'fault-proxy'`. */
export const faultProxyMetrics: readonly ComponentMetric[] = [
  counter('connections', 'Connections that were accepted.', 'connections'),
  gauge('open_connections', 'Connections that are open.', 'open'),
  gauge('listening', '1 while new connections are accepted.', 'listening'),
  gauge('faults', 'Faults that are there.', 'faults'),
  counter('dials', 'Attempts to connect to the target.', 'dials'),
  counter('dial_errors', 'Attempts to connect to the target that failed.', 'dialErrors'),
  counters('broken_connections', 'Connections that were broken on purpose, or were too many.', 'how', {
    dropped: 'dropped',
    cut: 'cut',
    overflowed: 'overflowed',
  }),
  counters('bytes', 'Bytes that were passed on.', 'direction', {
    to_target: 'bytesToTarget',
    to_client: 'bytesToClient',
  }),
  counter('requests', 'Requests in the HTTP mode.', 'requests'),
  counter('requests_faulted', 'Requests that at least one fault met.', 'requestsFaulted'),
];
