import type { Migration } from '../migrate.js';

/**
 * Times are kept to the millisecond, which is what JavaScript's Date keeps: a cursor made from a row
 * then finds exactly that row again.
 */
export const conversations: Migration = {
  id: 1,
  name: 'conversations',
  sql: `
    CREATE TABLE conversations (
      id          uuid PRIMARY KEY,
      user_id     text NOT NULL,
      title       text NOT NULL,
      created_at  timestamptz(3) NOT NULL DEFAULT now(),
      updated_at  timestamptz(3) NOT NULL DEFAULT now()
    );

    CREATE TABLE messages (
      id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      conversation_id  uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
      role             text NOT NULL CHECK (role IN ('user', 'assistant')),
      content          text NOT NULL,
      model            text,
      created_at       timestamptz(3) NOT NULL DEFAULT now()
    );

    -- "my conversations, latest first", and the page after a given one
    CREATE INDEX conversations_latest_of_user ON conversations (user_id, updated_at DESC, id DESC);

    -- "the messages of a conversation in order", and the last few of them
    CREATE INDEX messages_of_conversation ON messages (conversation_id, id);
  `,
};
