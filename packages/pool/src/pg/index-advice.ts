import type { PoolClient } from 'pg';

export interface IndexAdvice {
  /**
   * missing: the table is read from end to end again and again. unused: since the statistics began, no statement has used the
   * index, and every write pays for it.
   */
  readonly kind: 'missing' | 'unused';
  /** With its schema. */
  readonly table: string;
  /** Of a missing index: columns that statements compare and no index begins with; found with pg_stat_statements only. */
  readonly columns: readonly string[];
  /** Statement that would do it. Undefined where the columns are not known. */
  readonly sql: string | undefined;
  /** The figures behind it, in a sentence. */
  readonly reason: string;
  /** Statements that read the table, the most expensive first, five at most; empty without pg_stat_statements. */
  readonly statements: readonly string[];
}

export interface IndexAdviceOptions {
  /** Smaller tables are read from end to end for good reason. Default 10,000 rows. */
  minimumRows?: number | undefined;
  /** Default 50. */
  minimumScans?: number | undefined;
  /** Most pieces of advice of each kind. Default 20. */
  limit?: number | undefined;
}

interface ScannedTable {
  table: string;
  name: string;
  scans: number;
  read: number;
  rows: number;
  columns: string[];
  leading: string[];
}

const SCANNED = `
  WITH scanned AS (
    SELECT s.relid, s.schemaname, s.relname, s.seq_scan, s.seq_tup_read,
      CASE WHEN c.reltuples > 0 THEN c.reltuples ELSE s.n_live_tup END AS rows
    FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid WHERE s.seq_scan >= $2)
  SELECT format('%I.%I', s.schemaname, s.relname) AS table, s.relname AS name, s.seq_scan::float8 AS scans,
    s.seq_tup_read::float8 AS read, s.rows::float8 AS rows,
    (SELECT array_agg(a.attname::text) FROM pg_attribute a
      WHERE a.attrelid = s.relid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    coalesce((SELECT array_agg(DISTINCT a.attname::text) FROM pg_index i
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
      WHERE i.indrelid = s.relid AND i.indisvalid AND i.indpred IS NULL), '{}') AS leading
  FROM scanned s WHERE s.rows >= $1 AND s.seq_tup_read / s.seq_scan >= s.rows / 2
  ORDER BY s.seq_tup_read DESC LIMIT $3`;

const UNUSED = `
  SELECT format('%I.%I', s.schemaname, s.relname) AS table, format('%I.%I', s.schemaname, s.indexrelname) AS index,
    pg_size_pretty(pg_relation_size(s.indexrelid)) AS size, t.n_tup_ins + t.n_tup_upd + t.n_tup_del AS writes
  FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid) JOIN pg_stat_user_tables t ON t.relid = s.relid
  WHERE s.idx_scan = 0 AND NOT i.indisunique AND NOT i.indisexclusion AND t.n_live_tup >= $1
    AND t.n_tup_ins + t.n_tup_upd + t.n_tup_del >= $2
  ORDER BY pg_relation_size(s.indexrelid) DESC LIMIT $3`;

/** The extension may be installed without being loaded: then it answers with an error. */
const STATEMENTS = `
  SELECT query FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
  WHERE d.datname = current_database() AND query ~* '\\mwhere\\M'
  ORDER BY total_exec_time DESC LIMIT 500`;

/** Reads the server's statistics. They are as old as its last `pg_stat_reset()`: advice on a young server is worth little. */
export async function indexAdvice(
  client: PoolClient,
  { minimumRows = 10_000, minimumScans = 50, limit = 20 }: IndexAdviceOptions = {},
): Promise<IndexAdvice[]> {
  const bounds = [minimumRows, minimumScans, limit];
  const statements = await client.query<{ query: string }>(STATEMENTS).then(
    ({ rows }) => rows.map(({ query }) => query),
    (): string[] => [],
  );
  const scanned = await client.query<ScannedTable>(SCANNED, bounds);
  const unused = await client.query<{ table: string; index: string; size: string; writes: string }>(
    UNUSED,
    bounds,
  );
  return [
    ...scanned.rows.map((table) => missing(table, statements)),
    ...unused.rows.map(
      ({ table, index, size, writes }): IndexAdvice => ({
        kind: 'unused',
        table,
        columns: [],
        sql: `DROP INDEX CONCURRENTLY ${index}`,
        reason: `${index} (${size}) was never used by a statement here, and ${writes} writes had to keep it up to date; replicas count their own`,
        statements: [],
      }),
    ),
  ];
}

function missing(scanned: ScannedTable, statements: readonly string[]): IndexAdvice {
  const { table, name, scans, read, rows } = scanned;
  const reading = statements.filter((statement) => word(name).test(statement)).slice(0, 5);
  const columns = scanned.columns.filter(
    (column) => !scanned.leading.includes(column) && reading.some((statement) => compares(statement, column)),
  );
  return {
    kind: 'missing',
    table,
    columns,
    sql:
      columns.length === 0
        ? undefined
        : `CREATE INDEX CONCURRENTLY ON ${table} (${columns.map(quoted).join(', ')})`,
    reason: `${table} was read from end to end ${scans} times, ${Math.round(read / scans)} of about ${Math.round(rows)} rows each time`,
    statements: reading,
  };
}

const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const word = (name: string): RegExp => new RegExp(`(?<![\\w$])${escaped(name)}(?![\\w$])`, 'i');

/** Compared with a parameter by what a B-tree can answer, behind WHERE. */
function compares(statement: string, column: string): boolean {
  const conditions = statement.slice(statement.search(/\bwhere\b/i));
  return new RegExp(
    `(?<![\\w$])"?${escaped(column)}"?\\s*(=|<|>|<=|>=|in\\b|between\\b|like\\b)\\s*(any\\b)?\\s*\\(?\\s*\\$\\d`,
    'i',
  ).test(conditions);
}

const quoted = (name: string): string =>
  /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replace(/"/g, '""')}"`;
