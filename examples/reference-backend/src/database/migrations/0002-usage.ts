import type { Migration } from '../migrate.js';

export const usage: Migration = {
  id: 2,
  name: 'usage',
  sql: `
    CREATE TABLE usage (
      id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id            text NOT NULL,
      model              text NOT NULL,
      fallback           boolean NOT NULL,
      prompt_tokens      integer,
      completion_tokens  integer,
      latency_ms         double precision NOT NULL,
      created_at         timestamptz(3) NOT NULL DEFAULT now()
    );

    -- Every question about usage is "mine, since a day"; all that it sums up is in the index.
    CREATE INDEX usage_of_user_since ON usage (user_id, created_at)
      INCLUDE (model, fallback, prompt_tokens, completion_tokens, latency_ms);
  `,
};
