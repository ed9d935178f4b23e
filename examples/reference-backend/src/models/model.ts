// One configured model: its provider behind a circuit breaker and a time limit, and what we know of its health.
import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { type Clock, monotonicClock } from '@mainstay/core';
import type { ModelConfig } from '../config/config.js';
import { withTimeLimit } from './deadline.js';
import { healthOf, type ModelHealth } from './model-health.js';
import { type ChatMessage, type Completion, requestCompletion } from './provider-client.js';
import { ProviderError } from './provider-error.js';
import { RecentLatency } from './recent-latency.js';

/** A provider that keeps failing is asked again at least this often. */
const maxOpenMs = 30_000;

export class Model {
  readonly name: string;
  readonly breaker: CircuitBreaker;
  readonly #provider: ModelConfig;
  readonly #clock: Clock;
  readonly #latency: RecentLatency;
  #lastError: ModelHealth['lastError'] = null;
  #lastSuccessAt: Date | null = null;

  constructor(provider: ModelConfig, options: { circuitOpenMs: number; clock?: Clock }) {
    this.name = provider.name;
    this.#provider = provider;
    this.#clock = options.clock ?? monotonicClock;
    this.#latency = new RecentLatency(this.#clock);
    this.breaker = new CircuitBreaker({
      name: `model:${provider.name}`,
      openMs: options.circuitOpenMs,
      openBackoff: { maxMs: Math.max(maxOpenMs, options.circuitOpenMs) },
      // A probe cannot take longer than a call may.
      halfOpen: { leaseMs: provider.timeoutMs + 1_000 },
      isFailure: (error) => !(error instanceof ProviderError && error.reason === 'refused'),
    });
  }

  /** @throws ProviderError, CircuitOpenError, or the signal's reason once the caller is gone. */
  complete(messages: readonly ChatMessage[], signal: AbortSignal): Promise<Completion> {
    return this.breaker.execute((call) => this.#ask(messages, call.signal ?? signal), { signal });
  }

  health(): ModelHealth {
    return healthOf({
      circuit: this.breaker.stats(),
      latency: this.#latency.summary(),
      slowMs: this.#provider.timeoutMs / 2,
      lastError: this.#lastError,
      lastSuccessAt: this.#lastSuccessAt?.toISOString() ?? null,
    });
  }

  async #ask(messages: readonly ChatMessage[], signal: AbortSignal): Promise<Completion> {
    const startedAt = this.#clock.now();
    const { timeoutMs } = this.#provider;
    const timeoutError = () => new ProviderError('timeout', `did not answer within ${timeoutMs} ms`);
    try {
      const completion = await withTimeLimit(
        (limited) => requestCompletion(this.#provider, messages, limited),
        { timeoutMs, timeoutError, signal, clock: this.#clock },
      );
      this.#lastSuccessAt = new Date();
      return completion;
    } catch (error) {
      if (error instanceof ProviderError) {
        this.#lastError = { reason: error.reason, message: error.message, at: new Date().toISOString() };
      }
      throw error;
    } finally {
      // What the caller broke off says nothing about the provider.
      if (!signal.aborted) this.#latency.record(this.#clock.now() - startedAt);
    }
  }
}
