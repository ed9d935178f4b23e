// What /metrics shows: the process, HTTP (by the plugin), every component, and what only this gateway can count.
import { type Component, Metrics } from '@mainstay/metrics';
import type { Answer } from '../chat/chat-service.js';
import type { FailedAttempt } from '../models/fallback-chain.js';

export function createMetrics(components: readonly Component[]): Metrics {
  const metrics = new Metrics();
  metrics.collectDefaults();
  for (const component of components) metrics.watch(component);
  return metrics;
}

/** The numbers of the business: who answers, who does not and why, how many tokens, how long. */
export class ChatMetrics {
  readonly #answers;
  readonly #failures;
  readonly #tokens;
  readonly #duration;

  constructor(metrics: Metrics) {
    this.#answers = metrics.counter({
      name: 'gateway_chat_answers_total',
      help: 'Answers that went out, by the model that gave them, whether it stood in, and whether they were stored.',
      labels: ['model', 'fallback', 'stored'],
    });
    this.#failures = metrics.counter({
      name: 'gateway_model_failures_total',
      help: 'Questions that a model gave no answer to, by reason.',
      labels: ['model', 'reason'],
    });
    this.#tokens = metrics.counter({
      name: 'gateway_chat_tokens_total',
      help: 'Tokens as the providers count them.',
      labels: ['model', 'kind'],
    });
    this.#duration = metrics.histogram({
      name: 'gateway_chat_duration_seconds',
      help: 'From the first model asked to the answer, failed attempts included.',
      labels: ['model'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40],
    });
  }

  answered({ model, fallback, stored, latencyMs, failures, ...tokens }: Answer): void {
    this.#answers.inc({ model, fallback: String(fallback), stored: String(stored) });
    this.#duration.observe({ model }, latencyMs / 1000);
    this.#tokens.inc({ model, kind: 'prompt' }, tokens.promptTokens ?? 0);
    this.#tokens.inc({ model, kind: 'completion' }, tokens.completionTokens ?? 0);
    this.failed(failures);
  }

  failed(failures: readonly FailedAttempt[]): void {
    for (const { model, reason } of failures) this.#failures.inc({ model, reason });
  }
}
