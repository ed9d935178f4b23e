// Conversations in Postgres. Every question names the user: there is no way to read somebody else's.
import type { ClientBase } from 'pg';
import type { Database } from '../database/database.js';
import type { ChatMessage } from '../models/provider-client.js';
import type { Conversation, ConversationPage, ConversationSummary, Message } from './conversation.js';
import * as sql from './conversation-queries.js';
import { type Cursor, encodeCursor } from './cursor.js';

/** What one visit of the chat adds to a conversation. */
export interface Exchange {
  conversationId: string;
  user: string;
  question: string;
  answer: string;
  model: string;
}

interface SummaryRow {
  id: string;
  title: string;
  created_at: Date;
  updated_at: Date;
}

interface MessageRow {
  role: Message['role'];
  content: string;
  model: string | null;
  created_at: Date;
}

/** More than anybody scrolls through; a longer conversation shows its end. */
const shownMessages = 500;
const titleLength = 80;

export class ConversationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async page(user: string, limit: number, after: Cursor | undefined): Promise<ConversationPage> {
    // One row more than asked for tells whether there is a next page.
    const rows = after
      ? await this.#database.query<SummaryRow>(sql.nextPage, [user, limit + 1, after.updatedAt, after.id])
      : await this.#database.query<SummaryRow>(sql.firstPage, [user, limit + 1]);
    const items = rows.slice(0, limit).map(toSummary);
    const last = items.at(-1);
    return { items, nextCursor: rows.length > limit && last ? encodeCursor(last) : null };
  }

  /** Null where the user has no such conversation. */
  async find(user: string, id: string, messageCount = shownMessages): Promise<Conversation | null> {
    const [row] = await this.#database.query<SummaryRow>(sql.ownConversation, [id, user]);
    if (row === undefined) return null;
    const messages = await this.#database.query<MessageRow>(sql.lastMessages, [id, messageCount]);
    return { ...toSummary(row), messages: messages.reverse().map(toMessage) };
  }

  /** The end of a conversation, as a provider wants it; null where the user has no such conversation. */
  async history(user: string, id: string, messageCount: number): Promise<ChatMessage[] | null> {
    const conversation = await this.find(user, id, messageCount);
    return conversation?.messages.map(({ role, content }) => ({ role, content })) ?? null;
  }

  /** Part of the caller's transaction. */
  async add(client: ClientBase, { conversationId, user, question, answer, model }: Exchange): Promise<void> {
    const { rowCount } = await client.query(sql.upsertConversation, [
      conversationId,
      user,
      titleOf(question),
    ]);
    if (rowCount === 0) throw new Error(`Conversation ${conversationId} belongs to another user`);
    await client.query(sql.addMessages, [conversationId, question, answer, model]);
  }
}

function titleOf(question: string): string {
  const [line = ''] = question.trim().split('\n');
  // By code point: half of a surrogate pair is no text.
  const characters = [...line];
  return characters.length > titleLength ? `${characters.slice(0, titleLength - 1).join('')}…` : line;
}

const toSummary = ({ id, title, created_at, updated_at }: SummaryRow): ConversationSummary => ({
  id,
  title,
  createdAt: created_at.toISOString(),
  updatedAt: updated_at.toISOString(),
});

const toMessage = ({ role, content, model, created_at }: MessageRow): Message => ({
  role,
  content,
  model,
  createdAt: created_at.toISOString(),
});
