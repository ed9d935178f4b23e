import { AsyncLocalStorage } from 'node:async_hooks';
import { type Clock, option, readOptions } from '@mainstay/core';
import type { PoolClient } from 'pg';
import { fingerprint } from './fingerprint.js';
import type { Statement } from './statement.js';
import type { StatementObserver } from './statements.js';

export interface RepeatedQuery {
  /** The statement without its literals. */
  readonly fingerprint: string;
  /** How often it had run in this unit of work when that was noticed. */
  readonly times: number;
  /** Where the call came from that reached the threshold. */
  readonly stack: string;
}

export interface RepeatedQueryOptions {
  /** Default 10. */
  threshold?: number | undefined;
  /** Told once a unit of work and statement, at most once a minute a statement. */
  report: (repeated: RepeatedQuery) => void;
}

const TOLD_AGAIN_MS = 60_000;
/** Different statements that are counted in one unit of work, and statements that were told about. */
const REMEMBERED = 500;

/**
 * Finds the same statement run over and over in one unit of work (a request, a job, a transaction), as a loop around a query
 * does ("N+1"): one statement with `= ANY($1)` or a join would do. Outside of a unit of work nothing is counted.
 */
export class RepeatedQueries implements StatementObserver {
  readonly #clock: Clock;
  readonly #threshold: number;
  readonly #report: (repeated: RepeatedQuery) => void;
  readonly #units = new AsyncLocalStorage<Map<string, number>>();
  readonly #toldAt = new Map<string, number>();

  /** @throws TypeError, RangeError */
  constructor(received: RepeatedQueryOptions, clock: Clock) {
    const { threshold, report } = readOptions('PgPool.repeatedQueries', received, {
      threshold: option.integer({ min: 2, max: 1_000_000, default: 10 }),
      report: option.func<RepeatedQueryOptions['report']>(),
    });
    this.#clock = clock;
    this.#threshold = threshold;
    this.#report = report;
  }

  /** One inside of another belongs to that one. */
  within<T>(fn: () => T): T {
    return this.#units.getStore() === undefined ? this.#units.run(new Map(), fn) : fn();
  }

  started(_client: PoolClient, { text }: Statement): undefined {
    const unit = this.#units.getStore();
    if (unit === undefined) return;
    const shape = fingerprint(text);
    const times = (unit.get(shape) ?? 0) + 1;
    if (times === 1 && unit.size >= REMEMBERED) return;
    unit.set(shape, times);
    if (times === this.#threshold) this.#tell(shape, times);
  }

  #tell(shape: string, times: number): void {
    const now = this.#clock.now();
    const last = this.#toldAt.get(shape);
    if (last !== undefined && now - last < TOLD_AGAIN_MS) return;
    if (this.#toldAt.size >= REMEMBERED) this.#toldAt.clear();
    this.#toldAt.set(shape, now);
    const stack = stackOf(`${times} times in one unit of work: ${shape}`);
    try {
      this.#report({ fingerprint: shape, times, stack });
    } catch (thrown) {
      process.emitWarning(`PgPool.repeatedQueries.report threw: ${String(thrown)}`, {
        code: 'MAINSTAY_LISTENER',
      });
    }
  }
}

/** The way from the caller to here is longer than a stack usually shows. */
function stackOf(message: string): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 50;
  const { stack = '' } = new Error(message);
  Error.stackTraceLimit = stackTraceLimit;
  return stack;
}
