import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../scripts/services/index.mjs';
import { latencyByModel, usageByDay, usageByModel } from '../src/analytics/analytics-queries.js';
import {
  firstPage,
  lastMessages,
  nextPage,
  ownConversation,
} from '../src/conversations/conversation-queries.js';
import { migrate } from '../src/database/migrate.js';
import { migrations } from '../src/database/migrations/index.js';
import { testWith } from './support/parts.js';

const test = await testWith('postgres');

/** Enough that a scan of the table would be the dearer plan: 500 users, a year. */
const seed = `
  INSERT INTO conversations (id, user_id, title, updated_at)
  SELECT gen_random_uuid(), 'user-' || (n % 500), 'title ' || n, now() - n * interval '1 minute'
    FROM generate_series(1, 40000) AS n;
  INSERT INTO messages (conversation_id, role, content)
  SELECT id, role, 'a message of some length, as people write them'
    FROM conversations, unnest(ARRAY['user', 'assistant']) AS role;
  INSERT INTO usage (user_id, model, fallback, prompt_tokens, completion_tokens, latency_ms, created_at)
  SELECT 'user-' || (n % 500), 'model-' || (n % 3), n % 7 = 0, 10, 20, n % 1000, now() - n * interval '5 minutes'
    FROM generate_series(1, 100000) AS n;
  ANALYZE;`;

interface Plan {
  'Node Type': string;
  'Index Name'?: string;
  Plans?: Plan[];
}
const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

describe('every query', () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    database = await testDatabase({ Client: pg.Client });
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await migrate(client, migrations);
    // The test servers do not wait for the disk, and VACUUM waits with its bookkeeping until the disk has it.
    await client.query('SET synchronous_commit = on');
    await client.query(seed);
    // Settles which rows are visible to all, without which an index alone cannot answer.
    await client.query('VACUUM usage');
  });
  afterAll(async () => {
    await client?.end();
    await database?.close();
  });

  async function explain(text: string, values: unknown[]): Promise<Plan[]> {
    const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values);
    return nodesOf(rows[0]['QUERY PLAN'][0].Plan);
  }

  const cases: [name: string, text: string, values: unknown[], index: string][] = [
    ['first page', firstPage, ['user-7', 21], 'conversations_latest_of_user'],
    [
      'next page',
      nextPage,
      ['user-7', 21, new Date().toISOString(), randomUUID()],
      'conversations_latest_of_user',
    ],
    ['own conversation', ownConversation, [randomUUID(), 'user-7'], 'conversations_pkey'],
    ['last messages', lastMessages, [randomUUID(), 20], 'messages_of_conversation'],
    ['usage by model', usageByModel, ['user-7', 30], 'usage_of_user_since'],
    ['usage by day', usageByDay, ['user-7', 30], 'usage_of_user_since'],
    ['latency by model', latencyByModel, ['user-7', 30], 'usage_of_user_since'],
  ];
  for (const [name, text, values, index] of cases) {
    test(`uses its index: ${name}`, async () => {
      const nodes = await explain(text, values);
      expect(nodes.map((node) => node['Index Name']).filter(Boolean)).toEqual([index]);
      expect(nodes.map((node) => node['Node Type'])).not.toContain('Seq Scan');
    });
  }

  test('reads a page in the order of the index, without sorting', async () => {
    for (const [, text, values] of cases.slice(0, 2)) {
      expect((await explain(text, values)).map((node) => node['Node Type'])).not.toContain('Sort');
    }
  });

  test('sums usage up from the index alone', async () => {
    for (const [, text, values] of cases.slice(4)) {
      expect((await explain(text, values)).map((node) => node['Node Type'])).toContain('Index Only Scan');
    }
  });
});
