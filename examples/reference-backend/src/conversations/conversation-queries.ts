// All SQL about conversations. Each statement names the index that serves it; test/indexes.test.ts holds it to that.

/** conversations_latest_of_user */
export const firstPage = `
  SELECT id, title, created_at, updated_at
    FROM conversations
   WHERE user_id = $1
   ORDER BY updated_at DESC, id DESC
   LIMIT $2`;

/** conversations_latest_of_user */
export const nextPage = `
  SELECT id, title, created_at, updated_at
    FROM conversations
   WHERE user_id = $1 AND (updated_at, id) < ($3::timestamptz, $4::uuid)
   ORDER BY updated_at DESC, id DESC
   LIMIT $2`;

/** conversations_pkey. Whose it is belongs to the question: a foreign conversation looks like none. */
export const ownConversation = `
  SELECT id, title, created_at, updated_at
    FROM conversations
   WHERE id = $1 AND user_id = $2`;

/** messages_of_conversation, read backwards: the last so many. */
export const lastMessages = `
  SELECT role, content, model, created_at
    FROM messages
   WHERE conversation_id = $1
   ORDER BY id DESC
   LIMIT $2`;

/** Starts a conversation or touches it; no row comes back where the id belongs to somebody else. */
export const upsertConversation = `
  INSERT INTO conversations AS known (id, user_id, title)
  VALUES ($1, $2, $3)
      ON CONFLICT (id) DO UPDATE SET updated_at = now() WHERE known.user_id = excluded.user_id
  RETURNING id`;

export const addMessages = `
  INSERT INTO messages (conversation_id, role, content, model)
  VALUES ($1, 'user', $2, NULL), ($1, 'assistant', $3, $4)`;
