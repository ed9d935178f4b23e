import type { ComponentMetric } from '../component-metric.js';
import { inSeconds, metricsOf } from './metrics-of.js';

/** Calls by how they ended for this policy: every one of them counts exactly once. */
function calls(kind: string, ...outcomes: string[]): ComponentMetric {
  // The field `timedOut` is the outcome `timed_out`.
  const label = (outcome: string) => outcome.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
  const fields = Object.fromEntries(outcomes.map((outcome) => [label(outcome), outcome]));
  return metricsOf(kind).counters('calls', 'Calls by how they ended for this policy.', 'outcome', fields);
}

const retry = metricsOf('retry');
const timeout = metricsOf('timeout');
const bulkhead = metricsOf('bulkhead');
const hedge = metricsOf('hedge');
const adaptive = metricsOf('adaptive_concurrency');
const throttle = metricsOf('throttle');
const budget = metricsOf('retry_budget');
const chaos = metricsOf('chaos');

/** Metrics of the policies, and of the budget that retries and hedges share, by kind. */
export const policyMetrics: Readonly<Record<string, readonly ComponentMetric[]>> = {
  retry: [
    calls('retry', 'succeeded', 'failed', 'aborted'),
    retry.counter('recovered', 'Calls that succeeded after a retry.', 'recovered'),
    retry.counter('retries', 'Attempts after the first one.', 'retries'),
    retry.counters('denied', 'Calls that were not tried again for want of budget or of time.', 'reason', {
      budget: 'budgetDenied',
      deadline: 'deadlineDenied',
    }),
  ],
  timeout: [
    calls('timeout', 'succeeded', 'failed', 'timedOut', 'aborted'),
    timeout.gauge('running', 'Calls without an answer yet.', 'running'),
  ],
  bulkhead: [
    calls('bulkhead', 'succeeded', 'failed', 'rejected', 'aborted'),
    bulkhead.gauge('running', 'Places that are taken, by work that may have been given up.', 'running'),
    bulkhead.gauge('queued', 'Calls that wait for a place.', 'queued'),
    bulkhead.gauge('max_concurrent', 'Places that there are.', 'maxConcurrent'),
  ],
  hedge: [
    calls('hedge', 'succeeded', 'failed', 'aborted'),
    hedge.counter('hedges', 'Attempts beside the first one.', 'hedges'),
    hedge.counter('won', 'Calls that a hedge answered.', 'won'),
    hedge.counter('budget_denied', 'Hedges that were not made for want of budget.', 'budgetDenied'),
    hedge.gauge(
      'delay_seconds',
      'How long it waits before it hedges; negative while too little is known.',
      'delayMs',
      inSeconds,
    ),
  ],
  fallback: [calls('fallback', 'succeeded', 'recovered', 'failed', 'aborted')],
  'adaptive-concurrency': [
    calls('adaptive_concurrency', 'succeeded', 'failed', 'rejected', 'aborted'),
    adaptive.gauge('limit', 'Calls that may run at this moment.', 'limit'),
    adaptive.gauge('running', 'Calls that run.', 'running'),
    adaptive.gauge('queued', 'Calls that wait for a place.', 'queued'),
    adaptive.gauge('last_seconds', 'How long the last measured calls took.', 'rttMs', inSeconds),
    adaptive.gauge('usual_seconds', 'How long calls usually take.', 'usualRttMs', inSeconds),
    adaptive.gauge('event_loop_delay_seconds', 'How late the event loop is.', 'loopDelayMs', inSeconds),
  ],
  throttle: [
    calls('throttle', 'succeeded', 'failed', 'rejected', 'aborted'),
    throttle.gauge('rejection_ratio', 'Share of the calls that is turned away, 0 to 1.', 'rejectionRate'),
    throttle.gauge('window_calls', 'Calls in the window that it judges by.', 'requests'),
    throttle.gauge('window_accepted', 'Calls in that window that the dependency accepted.', 'accepts'),
  ],
  'retry-budget': [
    budget.counters('requests', 'Retries and hedges that were asked for.', 'decision', {
      granted: 'granted',
      denied: 'denied',
    }),
    budget.gauge('window_calls', 'Calls in the window that the budget is earned by.', 'calls'),
    budget.gauge('window_retries', 'Retries and hedges in that window.', 'retries'),
    budget.gauge('left', 'Retries and hedges that would be granted now.', 'left'),
  ],
  pipeline: [metricsOf('pipeline').counter('calls', 'Calls begun.', 'calls')],
  chaos: [
    chaos.counter('calls', 'Calls that came by.', 'calls'),
    chaos.counters('injected', 'What was done to some of them.', 'what', {
      delay: 'delayed',
      fault: 'faulted',
      result: 'replaced',
    }),
  ],
};
