// Usage in Postgres: one row an answer, summed up on demand.
import type { ClientBase } from 'pg';
import type { Database } from '../database/database.js';
import * as sql from './analytics-queries.js';
import type { LatencyByModel, UsageByDay, UsageByModel } from './usage.js';

export interface Use {
  user: string;
  model: string;
  fallback: boolean;
  promptTokens: number | null;
  completionTokens: number | null;
  latencyMs: number;
}

interface CountsRow {
  answers: number;
  prompt_tokens: number;
  completion_tokens: number;
}

interface LatencyRow {
  model: string;
  answers: number;
  percentiles: [number, number, number];
  slowest: number;
}

const counts = (row: CountsRow) => ({
  answers: row.answers,
  promptTokens: row.prompt_tokens,
  completionTokens: row.completion_tokens,
});

const tenths = (value: number) => Math.round(value * 10) / 10;

export class UsageStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Part of the caller's transaction. */
  async add(client: ClientBase, use: Use): Promise<void> {
    const { user, model, fallback, promptTokens, completionTokens, latencyMs } = use;
    await client.query(sql.addUsage, [user, model, fallback, promptTokens, completionTokens, latencyMs]);
  }

  async byModel(user: string, days: number): Promise<UsageByModel> {
    type Row = CountsRow & { model: string; fallbacks: number };
    const rows = await this.#database.query<Row>(sql.usageByModel, [user, days]);
    return rows.map((row) => ({ model: row.model, ...counts(row), fallbacks: row.fallbacks }));
  }

  async byDay(user: string, days: number): Promise<UsageByDay> {
    const rows = await this.#database.query<CountsRow & { day: string }>(sql.usageByDay, [user, days]);
    return rows.map((row) => ({ day: row.day, ...counts(row) }));
  }

  async latency(user: string, days: number): Promise<LatencyByModel> {
    const rows = await this.#database.query<LatencyRow>(sql.latencyByModel, [user, days]);
    return rows.map(({ model, answers, percentiles: [p50, p95, p99], slowest }) => ({
      model,
      answers,
      p50Ms: tenths(p50),
      p95Ms: tenths(p95),
      p99Ms: tenths(p99),
      maxMs: tenths(slowest),
    }));
  }
}
