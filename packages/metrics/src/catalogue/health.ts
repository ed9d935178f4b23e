import { type ComponentMetric, type Stats, stateSamples, stateSet } from '../component-metric.js';
import type { ReadSample } from '../read-family.js';

const states = ['up', 'degraded', 'down'];

/** The checks of a snapshot, by name; what has another shape is left out. */
function checksOf(stats: Stats): [string, Stats][] {
  const { checks } = stats;
  if (typeof checks !== 'object' || checks === null) return [];
  return Object.entries(checks).filter(([, check]) => typeof check === 'object' && check !== null);
}

function perCheck(
  metric: Pick<ComponentMetric, 'name' | 'help' | 'type'>,
  field: string,
  scale = 1,
): ComponentMetric {
  const read = (stats: Stats): ReadSample[] =>
    checksOf(stats).flatMap(([name, check]) => {
      const value = check[field];
      return typeof value === 'number' ? [{ labelValues: [name], value: value * scale }] : [];
    });
  return { ...metric, labels: ['check'], read };
}

/** Metrics of `kind: 'health'`. */
export const healthMetrics: readonly ComponentMetric[] = [
  stateSet(
    { name: 'mainstay_health_status', help: 'The health of the service: 1 for its present status.' },
    'status',
    'status',
    states,
  ),
  {
    name: 'mainstay_health_shutting_down',
    help: '1 once the service has begun to shut down.',
    type: 'gauge',
    labels: [],
    read: ({ shuttingDown }) =>
      typeof shuttingDown === 'boolean' ? [{ labelValues: [], value: shuttingDown ? 1 : 0 }] : [],
  },
  {
    name: 'mainstay_health_check_status',
    help: 'The result of a check: 1 for its present status.',
    type: 'gauge',
    labels: ['check', 'status'],
    read: (stats) => checksOf(stats).flatMap(([name, { status }]) => stateSamples(status, states, [name])),
  },
  perCheck({ name: 'mainstay_health_check_runs_total', help: 'Runs of a check.', type: 'counter' }, 'runs'),
  perCheck(
    { name: 'mainstay_health_check_failures_total', help: 'Runs of a check that failed.', type: 'counter' },
    'failures',
  ),
  perCheck(
    {
      name: 'mainstay_health_check_duration_seconds',
      help: 'How long the last run of a check took.',
      type: 'gauge',
    },
    'durationMs',
    0.001,
  ),
  perCheck(
    {
      name: 'mainstay_health_check_age_seconds',
      help: 'How long ago a check was last run.',
      type: 'gauge',
    },
    'lastRunAgoMs',
    0.001,
  ),
];
