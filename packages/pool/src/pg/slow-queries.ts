import { type Clock, option, readOptions } from '@mainstay/core';
import type { PoolClient } from 'pg';
import type { QueryPlan } from './explain.js';
import { fingerprint } from './fingerprint.js';
import { sqlStateOf } from './sqlstate.js';
import type { Statement } from './statement.js';
import type { StatementObserver } from './statements.js';

export interface SlowQuery {
  /** The statement without its literals. Values are never passed on. */
  readonly fingerprint: string;
  /** From sending to the last row, time behind other statements of the same holder included. */
  readonly durationMs: number;
  /** SQLSTATE or code of the error it ended with. */
  readonly error: string | undefined;
  /** With `explain: true`, where it could be had. */
  readonly plan: QueryPlan | undefined;
}

export interface SlowQueryOptions {
  /** Default 500. */
  thresholdMs?: number | undefined;
  /** Where it goes: a logger, a counter. What it throws is reported as a process warning. */
  log: (slow: SlowQuery) => void;
  /** Asks for the plan (EXPLAIN without ANALYZE: nothing is executed), one statement at a time, each once an hour. Default false. */
  explain?: boolean | undefined;
}

export type Explainer = (text: string, values: readonly unknown[] | undefined) => Promise<QueryPlan>;

const EXPLAINED_AGAIN_MS = 3_600_000;
/** Fingerprints whose last EXPLAIN is remembered. */
const REMEMBERED = 500;
const EXPLAINABLE = /^\s*(select|insert|update|delete|merge|with|values)\b/i;

/** Tells about statements that take long. Two readings of the clock a statement; nothing else until one is slow. */
export class SlowQueries implements StatementObserver {
  readonly #clock: Clock;
  readonly #thresholdMs: number;
  readonly #log: (slow: SlowQuery) => void;
  readonly #explainer: Explainer | undefined;
  readonly #explainedAt = new Map<string, number>();
  #explaining = false;

  /** @throws TypeError, RangeError */
  constructor(received: SlowQueryOptions, clock: Clock, explainer: Explainer) {
    const { thresholdMs, log, explain } = readOptions('PgPool.slowQueries', received, {
      thresholdMs: option.milliseconds({ min: 0, default: 500 }),
      log: option.func<SlowQueryOptions['log']>(),
      explain: option.boolean({ default: false }),
    });
    this.#clock = clock;
    this.#thresholdMs = thresholdMs;
    this.#log = log;
    this.#explainer = explain ? explainer : undefined;
  }

  started(_client: PoolClient, statement: Statement): (error: unknown) => void {
    const since = this.#clock.now();
    return (error) => {
      const durationMs = this.#clock.now() - since;
      if (durationMs >= this.#thresholdMs) void this.#tell(statement, durationMs, error);
    };
  }

  async #tell({ text, values }: Statement, durationMs: number, failure: unknown): Promise<void> {
    const shape = fingerprint(text);
    const plan = this.#shouldExplain(shape, text) ? await this.#explain(text, values) : undefined;
    const error = failure
      ? (sqlStateOf(failure) ?? String((failure as { code?: unknown }).code ?? failure))
      : undefined;
    try {
      this.#log({ fingerprint: shape, durationMs, error, plan });
    } catch (thrown) {
      process.emitWarning(`PgPool.slowQueries.log threw: ${String(thrown)}`, { code: 'MAINSTAY_LISTENER' });
    }
  }

  #shouldExplain(shape: string, text: string): boolean {
    if (this.#explainer === undefined || this.#explaining || !EXPLAINABLE.test(text)) return false;
    const last = this.#explainedAt.get(shape);
    return last === undefined || this.#clock.now() - last >= EXPLAINED_AGAIN_MS;
  }

  async #explain(text: string, values: readonly unknown[] | undefined): Promise<QueryPlan | undefined> {
    this.#explaining = true;
    try {
      if (this.#explainedAt.size >= REMEMBERED) this.#explainedAt.clear();
      this.#explainedAt.set(fingerprint(text), this.#clock.now());
      return await this.#explainer?.(text, values);
    } catch {
      // It was a hint only: the connection may be wanted elsewhere, or the table be gone.
      return undefined;
    } finally {
      this.#explaining = false;
    }
  }
}
