// What the API reads from Postgres, through the cache: which key, for how long, and which write makes it wrong.
// One table to look at when a page shows something old.
import type { Cache } from '@mainstay/cache';
import type { LatencyByModel, UsageByDay, UsageByModel } from '../analytics/usage.js';
import type { UsageStore } from '../analytics/usage-store.js';
import type { Conversation, ConversationPage } from '../conversations/conversation.js';
import type { ConversationStore } from '../conversations/conversation-store.js';
import type { Cursor } from '../conversations/cursor.js';

export type CacheState = 'hit' | 'miss' | 'stale';

export interface Cached<Value> {
  value: Value;
  /** `miss`: read from Postgres just now; `stale`: an old value, since Postgres could not be read. */
  state: CacheState;
}

const tags = {
  conversationsOf: (user: string) => `conversations:${user}`,
  conversation: (user: string, id: string) => `conversation:${user}:${id}`,
  usageOf: (user: string) => `usage:${user}`,
};

const seconds = (count: number) => count * 1000;

interface Parts {
  cache: Cache;
  conversations: ConversationStore;
  usage: UsageStore;
}

export class CachedReads {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  conversationPage(
    user: string,
    limit: number,
    after: Cursor | undefined,
  ): Promise<Cached<ConversationPage>> {
    const place = after ? `${after.updatedAt}:${after.id}` : 'first';
    return this.#read(
      `conversations:${user}:${limit}:${place}`,
      { ttlMs: seconds(30), tags: [tags.conversationsOf(user)] },
      () => this.#parts.conversations.page(user, limit, after),
    );
  }

  conversation(user: string, id: string): Promise<Cached<Conversation | null>> {
    return this.#read(
      `conversation:${user}:${id}`,
      { ttlMs: seconds(60), tags: [tags.conversation(user, id)] },
      () => this.#parts.conversations.find(user, id),
    );
  }

  usageByModel(user: string, days: number): Promise<Cached<UsageByModel>> {
    return this.#read(
      `usage-by-model:${user}:${days}`,
      { ttlMs: seconds(60), tags: [tags.usageOf(user)] },
      () => this.#parts.usage.byModel(user, days),
    );
  }

  usageByDay(user: string, days: number): Promise<Cached<UsageByDay>> {
    return this.#read(
      `usage-by-day:${user}:${days}`,
      { ttlMs: seconds(300), tags: [tags.usageOf(user)] },
      () => this.#parts.usage.byDay(user, days),
    );
  }

  latency(user: string, days: number): Promise<Cached<LatencyByModel>> {
    return this.#read(`latency:${user}:${days}`, { ttlMs: seconds(30), tags: [tags.usageOf(user)] }, () =>
      this.#parts.usage.latency(user, days),
    );
  }

  /** A stored answer changes the list, the conversation and every sum of the user, and nothing of anybody else. */
  async forgetAfterAnswer(user: string, conversationId: string): Promise<void> {
    await this.#parts.cache.invalidateTags(
      tags.conversationsOf(user),
      tags.conversation(user, conversationId),
      tags.usageOf(user),
    );
  }

  async #read<Value>(
    key: string,
    options: { ttlMs: number; tags: string[] },
    load: () => Promise<Value>,
  ): Promise<Cached<Value>> {
    let state: CacheState = 'hit';
    const value = await this.#parts.cache.getOrSet(
      key,
      async () => {
        // Stays so where the load fails and the cache answers with what it still has.
        state = 'stale';
        const fresh = await load();
        state = 'miss';
        return fresh;
      },
      options,
    );
    return { value, state };
  }
}
