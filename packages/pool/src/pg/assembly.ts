import type { EventEmitter } from 'node:events';
import type { Clock } from '@mainstay/core';
import type { PoolClient, PoolConfig } from 'pg';
import { Canceller } from './canceller.js';
import { Checkouts } from './checkouts.js';
import { refuseUseless, warnOfSlips } from './given-options.js';
import { type PgPoolOptions, readFacadeOptions, type TimesAndSizes, translate } from './pg-options.js';
import { RepeatedQueries } from './repeated-queries.js';
import { type Explainer, SlowQueries } from './slow-queries.js';
import { Statements } from './statements.js';
import { NO_LIMIT_MS, strictly } from './strict.js';

/** What pg.Pool's constructor sets and its types leave out. */
export interface BaseFields {
  ending: boolean;
  ended: boolean;
  options: PoolConfig;
  Client: new (config: PoolConfig) => PoolClient;
}

/** The parts that a PgPool is made of. */
export interface Parts {
  checkouts: Checkouts;
  canceller: Canceller;
  repeated: RepeatedQueries | undefined;
  clock: Clock;
  drainTimeoutMs: number;
  strict: boolean;
}

/** Read before anything is made: a wrong option leaves nothing behind. @throws TypeError, RangeError */
export function readAll(options: PgPoolOptions) {
  refuseUseless(options);
  const facade = readFacadeOptions(options);
  const translated = translate(options);
  warnOfSlips(options);
  return { facade, sizes: facade.compat === 'strict' ? strictly(translated, options) : translated };
}

export function assemble(
  emitter: EventEmitter,
  pool: BaseFields,
  options: PgPoolOptions,
  sizes: TimesAndSizes,
  { clock, queryTimeoutMs, sessionReset, drainTimeoutMs, compat }: ReturnType<typeof readFacadeOptions>,
  explainer: Explainer,
): Parts {
  const strict = compat === 'strict';
  const canceller = new Canceller(clock);
  const repeated = options.repeatedQueries && new RepeatedQueries(options.repeatedQueries, clock);
  const slow = options.slowQueries && new SlowQueries(options.slowQueries, clock, explainer);
  const observers = [slow, repeated].filter((observer) => observer !== undefined);
  const checkouts = new Checkouts({
    emitter,
    Client: pool.Client,
    config: pool.options,
    pool: sizes,
    clock,
    allowExitOnIdle: options.allowExitOnIdle ?? false,
    sessionReset,
    strict,
    log: typeof options.log === 'function' ? options.log : undefined,
    statements: strict
      ? undefined
      : new Statements({ clock, canceller, timeoutMs: queryTimeoutMs, observers }),
  });
  return {
    checkouts,
    canceller,
    repeated,
    clock,
    strict,
    drainTimeoutMs: strict ? NO_LIMIT_MS : drainTimeoutMs,
  };
}
