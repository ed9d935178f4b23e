import type { ComponentMetric } from '../component-metric.js';
import { inSeconds, metricsOf } from './metrics-of.js';

const { counter, counters, gauge, gauges } = metricsOf('pool');

/** Metrics of `kind: 'pool'`: the pool of anything, and of Postgres connections. */
export const poolMetrics: readonly ComponentMetric[] = [
  gauges('connections', 'Connections (resources) of the pool by state.', 'state', {
    idle: 'idle',
    in_use: 'inUse',
    connecting: 'connecting',
  }),
  gauge('size', 'Connections that the pool holds.', 'size'),
  gauge('min_size', 'Connections that the pool keeps open.', 'min'),
  gauge('max_size', 'Connections that the pool may hold.', 'max'),
  gauge('overflow_size', 'Connections that it may open beyond max_size while callers wait.', 'overflow'),
  gauge('waiting', 'Callers in the queue for a connection.', 'waiting'),
  counter('acquired', 'Connections lent.', 'acquired'),
  counter('released', 'Connections given back.', 'released'),
  counter('acquired_after_waiting', 'Connections lent to callers that had to wait.', 'waited'),
  counters(
    'acquire_failures',
    'Callers that got no connection: their time ran out, they left, the queue was full, or none could be opened.',
    'reason',
    {
      timeout: 'acquireTimeouts',
      aborted: 'acquireAborted',
      refused: 'refused',
      unreachable: 'unreachable',
    },
  ),
  counter(
    'acquire_wait_seconds',
    'Time that callers have waited for a connection, summed.',
    'acquireWaitMs',
    inSeconds,
  ),
  counter('held_seconds', 'Time that connections were lent, summed.', 'heldMs', inSeconds),
  counter('created', 'Connections made.', 'created'),
  counter('create_errors', 'Connections that could not be made.', 'createErrors'),
  counter('create_seconds', 'Time that it took to make connections, summed.', 'createMs', inSeconds),
  gauge('failed_creations', 'Connections in a row that could not be made.', 'failedCreations'),
  counter('destroyed', 'Connections closed, for whatever reason.', 'destroyed'),
  counters('retired', 'Connections closed because they were unused, too many or too old.', 'reason', {
    idle: 'destroyedIdle',
    surplus: 'destroyedSurplus',
    lifetime: 'destroyedLifetime',
  }),
  counter('validation_failures', 'Connections that failed their validation.', 'validationFailures'),
  counter('keepalives', 'Times that an idle connection was kept alive.', 'keepalives'),
  counters('leaks', 'Connections held for so long that a release may be missing.', 'what', {
    suspected: 'leaksSuspected',
    reclaimed: 'leaksReclaimed',
  }),
];

const lanes = metricsOf('redis_lanes');
const linkStates = ['idle', 'connecting', 'up', 'retrying', 'down', 'closed'];

/** Metrics of `kind: 'redis-lanes'`. Its exclusive lane is a pool, which can be watched by itself. */
export const redisLanesMetrics: readonly ComponentMetric[] = [
  lanes.state('state', 'The shared connection: 1 for its present state.', 'state', linkStates),
  lanes.state(
    'subscriber_state',
    'The connection of the subscriber: 1 for its present state.',
    'subscriberState',
    linkStates,
  ),
  lanes.counter('commands', 'Commands that were sent.', 'commands'),
  lanes.counters('command_failures', 'Commands without an answer of the server.', 'reason', {
    timeout: 'commandTimeouts',
    interrupted: 'interrupted',
    refused: 'refused',
  }),
  lanes.gauge('in_flight', 'Commands that were sent and not answered, on the shared lane.', 'inFlight'),
  lanes.gauge('parked', 'Commands that wait for the shared connection.', 'parked'),
  lanes.counter('connects', 'Times the shared lane connected.', 'connects'),
  lanes.gauge('failed_connects', 'Tries in a row that did not connect.', 'failures'),
  lanes.counter('downs', 'Times the server was marked down.', 'downs'),
  lanes.gauge('down_seconds', 'How long the server has been marked down.', 'downForMs', inSeconds),
  lanes.gauge('subscriptions', 'Channels and patterns that are subscribed to.', 'subscriptions'),
  lanes.gauge('exclusive_in_use', 'Connections of the exclusive lane that are lent.', 'exclusiveInUse'),
  lanes.gauge('exclusive_waiting', 'Callers in the queue for an exclusive connection.', 'exclusiveWaiting'),
];
