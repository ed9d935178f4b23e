import { type ComponentMetric, single, split } from '../component-metric.js';

const counter = (name: string, help: string, field: string): ComponentMetric =>
  single({ name: `mainstay_pool_${name}_total`, help, type: 'counter' }, field);

const gauge = (name: string, help: string, field: string): ComponentMetric =>
  single({ name: `mainstay_pool_${name}`, help, type: 'gauge' }, field);

/** Metrics of `kind: 'pool'`. */
export const poolMetrics: readonly ComponentMetric[] = [
  split(
    {
      name: 'mainstay_pool_connections',
      help: 'Connections (resources) of the pool by state.',
      type: 'gauge',
    },
    'state',
    { idle: 'idle', in_use: 'inUse', connecting: 'connecting' },
  ),
  gauge('size', 'Connections that the pool holds.', 'size'),
  gauge('max_size', 'Connections that the pool may hold.', 'max'),
  gauge('waiting', 'Callers in the queue for a connection.', 'waiting'),
  counter('acquired', 'Connections lent.', 'acquired'),
  counter('released', 'Connections given back.', 'released'),
  split(
    {
      name: 'mainstay_pool_acquire_failures_total',
      help: 'Callers that got no connection: their time ran out, they left, or the queue was full.',
      type: 'counter',
    },
    'reason',
    { timeout: 'acquireTimeouts', aborted: 'acquireAborted', refused: 'refused' },
  ),
  single(
    {
      name: 'mainstay_pool_acquire_wait_seconds_total',
      help: 'Time that callers have waited for a connection, summed.',
      type: 'counter',
    },
    'acquireWaitMs',
    0.001,
  ),
  counter('created', 'Connections made.', 'created'),
  counter('create_errors', 'Connections that could not be made.', 'createErrors'),
  counter('destroyed', 'Connections closed.', 'destroyed'),
  counter('validation_failures', 'Connections that failed their validation.', 'validationFailures'),
];
