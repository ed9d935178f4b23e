import type { PoolClient } from 'pg';

export interface ExplainOptions {
  /** Runs the statement to measure it, in a transaction that is rolled back. Default false: nothing is executed. */
  analyze?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** A plan as the server tells it (EXPLAIN, FORMAT JSON). */
export interface QueryPlan {
  readonly Plan: Readonly<Record<string, unknown>>;
  readonly 'Planning Time'?: number;
  readonly 'Execution Time'?: number;
}

/** Asks the server for the plan of a statement. @throws what the server says about the statement */
export async function explain(
  client: PoolClient,
  text: string,
  values: readonly unknown[] | undefined,
  { analyze = false, signal }: ExplainOptions = {},
): Promise<QueryPlan> {
  const config = {
    text: `EXPLAIN (FORMAT JSON${analyze ? ', ANALYZE, BUFFERS' : ''}) ${text}`,
    values: values === undefined ? [] : [...values],
    // One statement only: a second one behind a semicolon would be executed.
    queryMode: 'extended',
    signal,
  };
  if (!analyze) return planOf(await client.query(config));
  await client.query('BEGIN');
  try {
    return planOf(await client.query(config));
  } finally {
    await client.query('ROLLBACK');
  }
}

const planOf = ({ rows }: { rows: { 'QUERY PLAN': [QueryPlan] }[] }): QueryPlan => {
  const [row] = rows;
  if (row === undefined) throw new Error('The server gave no plan');
  return row['QUERY PLAN'][0];
};
