import { type ComponentMetric, single, split, stateSet } from '../component-metric.js';

/** Metrics of `kind: 'circuit-breaker'`. */
export const circuitBreakerMetrics: readonly ComponentMetric[] = [
  split(
    {
      name: 'mainstay_circuit_breaker_calls_total',
      help: 'Calls by outcome; a rejected call was refused by the open circuit and never made.',
      type: 'counter',
    },
    'outcome',
    { succeeded: 'succeeded', failed: 'failed', ignored: 'ignored', rejected: 'rejected' },
  ),
  single(
    {
      name: 'mainstay_circuit_breaker_slow_calls_total',
      help: 'Calls that took longer than slowCallMs, whatever their outcome.',
      type: 'counter',
    },
    'slow',
  ),
  single(
    {
      name: 'mainstay_circuit_breaker_late_results_total',
      help: 'Results that came after the state had changed and were not counted.',
      type: 'counter',
    },
    'late',
  ),
  single(
    { name: 'mainstay_circuit_breaker_opened_total', help: 'Times the circuit has opened.', type: 'counter' },
    'opened',
  ),
  single(
    {
      name: 'mainstay_circuit_breaker_state_changes_total',
      help: 'Changes of state of any kind.',
      type: 'counter',
    },
    'stateChanges',
  ),
  stateSet(
    { name: 'mainstay_circuit_breaker_state', help: 'The state of the circuit: 1 for the present one.' },
    'state',
    'state',
    ['closed', 'open', 'half-open', 'isolated'],
  ),
  single(
    {
      name: 'mainstay_circuit_breaker_window_calls',
      help: 'Calls in the window that the circuit judges by.',
      type: 'gauge',
    },
    'windowCalls',
  ),
  single(
    {
      name: 'mainstay_circuit_breaker_window_failures',
      help: 'Failed calls in the window that the circuit judges by.',
      type: 'gauge',
    },
    'windowFailures',
  ),
  single(
    {
      name: 'mainstay_circuit_breaker_failure_ratio',
      help: 'Share of failed calls in the window that the circuit judges by, 0 to 1.',
      type: 'gauge',
    },
    'failureRate',
  ),
  single(
    {
      name: 'mainstay_circuit_breaker_open_seconds',
      help: 'How long the circuit has been open; 0 when it is not.',
      type: 'gauge',
    },
    'openForMs',
    0.001,
  ),
];
