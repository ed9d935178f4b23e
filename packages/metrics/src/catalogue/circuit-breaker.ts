import type { ComponentMetric } from '../component-metric.js';
import { inSeconds, metricsOf } from './metrics-of.js';

const outcomes = { succeeded: 'succeeded', failed: 'failed', ignored: 'ignored', rejected: 'rejected' };

/** What a breaker counts, and a group sums. */
function callMetrics(kind: string): ComponentMetric[] {
  const { counter, counters } = metricsOf(kind);
  return [
    counters(
      'calls',
      'Calls by outcome; a rejected call was refused by the open circuit and never made.',
      'outcome',
      outcomes,
    ),
    counter('slow_calls', 'Calls that took longer than slowCallMs, whatever their outcome.', 'slow'),
    counter('late_results', 'Results that came after the state had changed and were not counted.', 'late'),
    counter('opened', 'Times the circuit has opened.', 'opened'),
    counter('state_changes', 'Changes of state of any kind.', 'stateChanges'),
  ];
}

const { gauge, state } = metricsOf('circuit_breaker');

/** Metrics of `kind: 'circuit-breaker'`. */
export const circuitBreakerMetrics: readonly ComponentMetric[] = [
  ...callMetrics('circuit_breaker'),
  state('state', 'The state of the circuit: 1 for the present one.', 'state', [
    'closed',
    'open',
    'half-open',
    'isolated',
  ]),
  gauge('window_calls', 'Calls in the window that the circuit judges by.', 'windowCalls'),
  gauge('window_failures', 'Failed calls in the window that the circuit judges by.', 'windowFailures'),
  gauge(
    'failure_ratio',
    'Share of failed calls in the window that the circuit judges by, 0 to 1.',
    'failureRate',
  ),
  gauge('open_seconds', 'How long the circuit has been open; 0 when it is not.', 'openForMs', inSeconds),
  gauge('waiting', 'Callers who wait for a place while the circuit is half-open.', 'waiting'),
];

const group = metricsOf('circuit_breaker_group');

/** Metrics of `kind: 'circuit-breaker-group'`: sums over its breakers, since keys come from outside and labels must not. */
export const circuitBreakerGroupMetrics: readonly ComponentMetric[] = [
  ...callMetrics('circuit_breaker_group'),
  group.gauges('breakers', 'Breakers that are kept, by their state.', 'state', {
    closed: 'closed',
    open: 'open',
    'half-open': 'halfOpen',
    isolated: 'isolated',
  }),
  group.gauge('size', 'Breakers that are kept.', 'breakers'),
  group.counter('created', 'Breakers that were made for a key.', 'created'),
  group.counter('evicted', 'Breakers that made room for others or were idle.', 'evicted'),
];
