// One question, one answer: history, models in turn, storage. Only the models are indispensable.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { UsageStore } from '../analytics/usage-store.js';
import type { CachedReads } from '../cache/cached-reads.js';
import type { ConversationStore } from '../conversations/conversation-store.js';
import type { Database } from '../database/database.js';
import { isDatabaseUnavailable } from '../database/unavailable.js';
import { Problem } from '../http/problem.js';
import { askInTurn, type ChainAnswer, NoModelAnsweredError } from '../models/fallback-chain.js';
import type { Model } from '../models/model.js';
import type { ModelRegistry } from '../models/model-registry.js';
import type { ChatMessage } from '../models/provider-client.js';
import type { ChatMetrics } from '../observability/metrics.js';

export interface Question {
  user: string;
  message: string;
  /** Goes on with this conversation of the user; a new one begins without it. */
  conversationId?: string | undefined;
  /** Is asked first; the others stand in. */
  model?: string | undefined;
}

export interface Answer extends ChainAnswer {
  /** Null where the answer begins a conversation that could not be stored. */
  conversationId: string | null;
  /** False while Postgres is away: the answer goes out all the same. */
  stored: boolean;
  latencyMs: number;
}

/** How much of a conversation a provider gets to see. */
const historyMessages = 20;

interface Parts {
  database: Database;
  models: ModelRegistry;
  conversations: ConversationStore;
  usage: UsageStore;
  reads: CachedReads;
  metrics: ChatMetrics;
  logger: Logger;
}

export class ChatService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws NoModelAnsweredError, Problem 404, or the signal's reason once the visitor is gone. */
  async answer(question: Question, signal: AbortSignal): Promise<Answer> {
    const chain = this.#parts.models.chain(question.model);
    const history = await this.#history(question);
    const startedAt = performance.now();
    const given = await this.#ask(chain, [...history, { role: 'user', content: question.message }], signal);
    const latencyMs = Math.round((performance.now() - startedAt) * 10) / 10;
    const id = question.conversationId ?? randomUUID();
    const stored = await this.#store(question, given, id, latencyMs);
    const conversationId = stored ? id : (question.conversationId ?? null);
    const answer = { ...given, conversationId, stored, latencyMs };
    this.#parts.metrics.answered(answer);
    return answer;
  }

  async #ask(chain: readonly Model[], messages: ChatMessage[], signal: AbortSignal): Promise<ChainAnswer> {
    try {
      return await askInTurn(chain, messages, signal);
    } catch (error) {
      if (error instanceof NoModelAnsweredError) this.#parts.metrics.failed(error.failures);
      throw error;
    }
  }

  /** Without Postgres the model answers the bare message, which beats no answer. */
  async #history({ user, conversationId }: Question): Promise<ChatMessage[]> {
    if (conversationId === undefined) return [];
    try {
      const history = await this.#parts.conversations.history(user, conversationId, historyMessages);
      if (history !== null) return history;
    } catch (error) {
      if (isDatabaseUnavailable(error)) return [];
      throw error;
    }
    throw new Problem(404, 'unknown-conversation', 'You have no conversation with this id.');
  }

  /** Whatever goes wrong here, the visitor gets the answer that is already there. */
  async #store(
    { user, message }: Question,
    answer: ChainAnswer,
    conversationId: string,
    latencyMs: number,
  ): Promise<boolean> {
    const { database, conversations, usage, reads, logger } = this.#parts;
    const { content, model } = answer;
    try {
      await database.transaction(async (client) => {
        await conversations.add(client, { conversationId, user, question: message, answer: content, model });
        await usage.add(client, { ...answer, user, latencyMs });
      });
    } catch (error) {
      if (!isDatabaseUnavailable(error)) logger.error({ err: error }, 'an answer could not be stored');
      return false;
    }
    await reads.forgetAfterAnswer(user, conversationId);
    return true;
  }
}
