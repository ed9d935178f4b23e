import { afterAll, expect, test, vi } from 'vitest';
import { startServices } from '../../../scripts/services/index.mjs';
import { PgPool } from '../src/pg.js';

/** Statistics are the whole server's, and the extension must be loaded when it starts. */
const started = await startServices({
  postgres: { settings: { shared_preload_libraries: 'pg_stat_statements' } },
}).catch(() => startServices({ postgres: true }));
afterAll(() => started.close());
const { postgres } = started;
const missing = started.skipped[0];

test.skipIf(missing !== undefined)(
  missing === undefined
    ? 'a table that is read from end to end, and an index that nobody uses, are named with the statement that would help'
    : `index advice (${missing.reason}; ${missing.hint})`,
  async () => {
    const pool = new PgPool({ connectionString: postgres?.url, max: 1 });
    const extended = await pool.query('CREATE EXTENSION pg_stat_statements').then(
      () => true,
      () => false,
    );
    await pool.query('CREATE TABLE orders (id int PRIMARY KEY, customer int, note text)');
    await pool.query("INSERT INTO orders SELECT n, n % 100, 'note' FROM generate_series(1, 20000) n");
    await pool.query('CREATE INDEX by_note ON orders (note)');
    await pool.query('CREATE TABLE small (id int)');
    await pool.query('ANALYZE orders');
    await pool.query('SET max_parallel_workers_per_gather = 0');
    for (let customer = 0; customer < 60; customer++) {
      await pool.query('SELECT count(*) FROM orders WHERE customer = $1', [customer]);
      await pool.query('SELECT * FROM orders WHERE id = $1', [customer]);
      await pool.query('SELECT * FROM small WHERE id = $1', [customer]);
    }
    // Statistics are written when a session is idle for a moment, or ends.
    await pool.end();
    const advisor = new PgPool({ connectionString: postgres?.url, max: 1 });
    const advice = await vi.waitUntil(
      async () => {
        const found = await advisor.indexAdvice();
        return found.length >= 2 ? found : undefined;
      },
      { timeout: 10_000, interval: 200 },
    );
    expect(advice.map(({ kind, table }) => [kind, table])).toEqual([
      ['missing', 'public.orders'],
      ['unused', 'public.orders'],
    ]);
    expect(advice[0]?.reason).toMatch(/read from end to end \d+ times/);
    expect(advice[1]?.sql).toBe('DROP INDEX CONCURRENTLY public.by_note');
    if (extended) {
      expect(advice[0]).toMatchObject({
        columns: ['customer'],
        sql: 'CREATE INDEX CONCURRENTLY ON public.orders (customer)',
      });
      expect(advice[0]?.statements[0]).toContain('WHERE customer = $1');
    }
    await advisor.end();
  },
);
