// Asks one model after the other until one answers.
import { isCircuitOpenError } from '@mainstay/circuit-breaker';
import { MainstayError } from '@mainstay/core';
import type { Model } from './model.js';
import type { ChatMessage, Completion } from './provider-client.js';
import { type FailureReason, ProviderError } from './provider-error.js';

export interface FailedAttempt {
  model: string;
  reason: FailureReason;
  message: string;
}

export interface ChainAnswer extends Completion {
  model: string;
  /** Another model than the first of the chain answered. */
  fallback: boolean;
  /** Who was tried before, and why each gave no answer. */
  failures: FailedAttempt[];
}

export class NoModelAnsweredError extends MainstayError {
  constructor(
    readonly failures: readonly FailedAttempt[],
    /** When the first of the open circuits lets a call through again; null where none is open. */
    readonly retryAfterMs: number | null,
  ) {
    const reasons = failures.map(({ model, message }) => `${model} ${message}`);
    super('ERR_NO_MODEL_ANSWERED', `None of the models answered: ${reasons.join(', ')}`);
  }

  /** Every model understood the question and refused it: asking again will not help. */
  get refused(): boolean {
    return this.failures.every(({ reason }) => reason === 'refused');
  }
}

/** @throws NoModelAnsweredError, or the signal's reason once the caller is gone. */
export async function askInTurn(
  chain: readonly Model[],
  messages: readonly ChatMessage[],
  signal: AbortSignal,
): Promise<ChainAnswer> {
  const failures: FailedAttempt[] = [];
  const waits: number[] = [];
  for (const [index, model] of chain.entries()) {
    try {
      const completion = await model.complete(messages, signal);
      return { ...completion, model: model.name, fallback: index > 0, failures };
    } catch (error) {
      if (isCircuitOpenError(error)) waits.push(error.retryAfterMs);
      failures.push(failedAttempt(model.name, error));
    }
  }
  throw new NoModelAnsweredError(failures, waits.length === 0 ? null : Math.min(...waits));
}

/** Rethrows what is no failure of the model: the caller went away, or a mistake of ours. */
function failedAttempt(model: string, error: unknown): FailedAttempt {
  if (error instanceof ProviderError) return { model, reason: error.reason, message: error.message };
  if (isCircuitOpenError(error)) {
    return { model, reason: 'circuit-open', message: 'is left alone for a moment, since it kept failing' };
  }
  throw error;
}
