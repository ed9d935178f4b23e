// Postgres as the rest of the backend sees it: queries behind a circuit breaker, so that a database that is
// away costs each visitor next to nothing, and one error that says so.
import { CircuitBreaker, isCircuitOpenError } from '@mainstay/circuit-breaker';
import { PgPool } from '@mainstay/pool/pg';
import type { ClientBase, QueryResultRow } from 'pg';
import { DatabaseUnavailableError, isTroubleOfTheServer } from './unavailable.js';

const connectTimeoutMs = 2_000;
const queryTimeoutMs = 5_000;
const openMs = 1_000;

export class Database {
  readonly pool: PgPool;
  readonly breaker: CircuitBreaker;

  constructor(options: { connectionString: string; max: number }) {
    this.pool = new PgPool({
      name: 'postgres',
      connectionString: options.connectionString,
      max: options.max,
      connectionTimeoutMillis: connectTimeoutMs,
      // The server stops a slow statement; where the server itself is silent, the client stops waiting.
      statement_timeout: queryTimeoutMs,
      query_timeout: queryTimeoutMs + 500,
      application_name: 'mainstay-reference-backend',
    });
    this.breaker = new CircuitBreaker({ name: 'postgres', openMs, isFailure: isTroubleOfTheServer });
  }

  /** @throws DatabaseUnavailableError while Postgres is away; pg.DatabaseError where it says no. */
  async query<Row extends QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
    const { rows } = await this.#guarded(() => this.pool.query<Row>(text, values));
    return rows;
  }

  /** Everything in `work`, or nothing of it. */
  transaction<Result>(work: (client: ClientBase) => Promise<Result>): Promise<Result> {
    return this.#guarded(() => this.pool.transaction(work));
  }

  /** Past the breaker: the health check is to see the database, not our opinion of it. */
  async ping(): Promise<void> {
    await this.pool.query('SELECT 1');
  }

  async #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await this.breaker.execute(work);
    } catch (error) {
      if (isCircuitOpenError(error)) throw new DatabaseUnavailableError(error.retryAfterMs, error);
      if (isTroubleOfTheServer(error)) throw new DatabaseUnavailableError(openMs, error);
      throw error;
    }
  }
}
