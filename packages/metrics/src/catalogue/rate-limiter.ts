import type { ComponentMetric } from '../component-metric.js';
import { metricsOf } from './metrics-of.js';

const { counter, counters, gauge, state } = metricsOf('rate_limiter');

/** Metrics of `kind: 'rate-limiter'`. */
export const rateLimiterMetrics: readonly ComponentMetric[] = [
  counters('decisions', 'Decisions by what they were.', 'decision', { allowed: 'allowed', denied: 'denied' }),
  counter('degraded', 'Decisions of either kind that were made without the shared store.', 'degraded'),
  counter('overflowed', 'Decisions in a bucket that keys share since the table was full.', 'overflowed'),
  gauge('waiting', 'Callers that wait for their turn.', 'waiting'),
  gauge('keys', 'Keys that are kept in this process.', 'keys'),
  counter('evictions', 'Keys that made room for others.', 'evictions'),
  state('store_state', 'Where the keys are kept: 1 for the present state.', 'store', [
    'memory',
    'up',
    'away',
  ]),
  counter('store_round_trips', 'Scripts sent to the store for decisions.', 'roundTrips'),
  counter('store_errors', 'Scripts that failed.', 'storeErrors'),
  counter('store_timeouts', 'Scripts that were given up after their timeout.', 'storeTimeouts'),
  counter(
    'store_skipped',
    'Decisions for which the store was not asked because it was away.',
    'storeSkipped',
  ),
  counters('store_saved', 'Decisions that needed no round trip of their own.', 'by', {
    coalescing: 'coalesced',
    lease: 'leased',
    memory_of_denials: 'remembered',
  }),
  counter('merged_keys', 'Keys whose local use was told to the store when it was back.', 'merged'),
];
