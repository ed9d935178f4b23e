import type { EventEmitter } from 'node:events';
import type { Clock } from '@mainstay/core';
import type { PoolClient, PoolConfig } from 'pg';
import type { AcquireOptions } from '../acquire-options.js';
import type { Entry } from '../entry.js';
import { gaveBackHere, type Holding, markHere } from '../holding.js';
import type { Entrance } from '../lending.js';
import { OUR_MANNERS } from '../manners.js';
import type { CreateContext } from '../options.js';
import { type Pool, type PoolBehind, poolBehind } from '../pool.js';
import { clean, isUntouched, ping, type SessionReset } from './bleed-guard.js';
import { activeText, isUsable, keepAlive } from './client.js';
import { stateOf } from './client-state.js';
import { fingerprint } from './fingerprint.js';
import { type Listening, listeningTo } from './listening.js';
import { closeConnection, open } from './open.js';
import { DOUBLE_RELEASE, inPgsOwnWords, inWordsOfPg } from './pg-errors.js';
import type { TimesAndSizes } from './pg-options.js';
import { breaksConnection } from './sqlstate.js';
import type { PgClient } from './statement.js';
import type { Statements } from './statements.js';
import { MANNERS_OF_PG_POOL } from './strict.js';

/** So much of the statement under way is shown in errors of those who wait. */
const DESCRIBED = 80;

export interface CheckoutsOptions {
  /** The PgPool, for its events. */
  emitter: EventEmitter;
  Client: new (config: PoolConfig) => PoolClient;
  config: PoolConfig;
  pool: TimesAndSizes;
  clock: Clock;
  allowExitOnIdle: boolean;
  sessionReset: SessionReset;
  /** pg-pool's own behaviour: any error costs the connection, nothing is cleaned, errors that nobody hears are thrown. */
  strict: boolean;
  log: ((message: string) => void) | undefined;
  statements: Statements | undefined;
}

/** The connections of a PgPool on their way to holders and back. */
export class Checkouts {
  readonly pool: Pool<PgClient>;
  readonly #behind: PoolBehind<PgClient, PgClient>;
  readonly #options: CheckoutsOptions;
  readonly #emitter: EventEmitter;
  readonly #listening: Listening;
  readonly #allowExitOnIdle: boolean;
  /** No option asks for more on a release than a look. */
  readonly #usual: boolean;
  #waiting = 0;
  readonly #allServed: (() => void)[] = [];

  constructor(options: CheckoutsOptions) {
    this.#options = options;
    this.#emitter = options.emitter;
    this.#listening = listeningTo(options.emitter);
    this.#allowExitOnIdle = options.allowExitOnIdle;
    const { strict, sessionReset, log } = options;
    this.#usual = !strict && sessionReset !== 'always' && log === undefined && !options.allowExitOnIdle;
    this.#behind = poolBehind(
      {
        ...options.pool,
        create: (context) => this.#open(context),
        destroy: (client) => this.#close(client),
        validate: strict ? undefined : ping,
        describe: (client) => {
          const text = activeText(client);
          return text === undefined ? undefined : fingerprint(text).slice(0, DESCRIBED);
        },
      },
      {
        present: (entry) => this.#handOut(entry, undefined, false),
        inWords: strict ? inPgsOwnWords : inWordsOfPg,
      },
      strict ? MANNERS_OF_PG_POOL : OUR_MANNERS,
    );
    this.pool = this.#behind.pool;
  }

  /** A client whose `release` belongs to this checkout. @param entrance what the user has called, for stacks */
  checkOut(options?: AcquireOptions, entrance: Entrance = this.checkOut): Promise<PgClient> {
    const entry = options?.signal?.aborted === true ? undefined : this.#behind.obtain(entrance);
    return entry === undefined
      ? this.#wait(options, entrance)
      : Promise.resolve(this.#handOut(entry, markHere()));
  }

  #wait(options: AcquireOptions | undefined, entrance: Entrance): Promise<PgClient> {
    const acquiring = this.#behind.wait(options, entrance);
    if (this.#options.strict) {
      this.#waiting += 1;
      acquiring.then(this.#served, this.#served);
    }
    return acquiring;
  }

  readonly #served = (): void => {
    this.#waiting -= 1;
    if (this.#waiting === 0) for (const served of this.#allServed.splice(0)) served();
  };

  /** When nobody waits any more; counted in strict mode only. */
  allServed(): Promise<void> {
    return this.#waiting === 0 ? Promise.resolve() : new Promise((resolve) => this.#allServed.push(resolve));
  }

  /** @param error keeps, drops or says nothing about the connection, as in `client.release(error)` */
  takeBack(entry: Entry<PgClient>, error: Error | boolean | undefined): void {
    const client = entry.resource;
    if (this.#listening.release) this.announce('release', error, client);
    if (this.#usual && !error && isUntouched(client)) entry.keeper.takeBack(entry);
    else this.#lookAt(entry, client, error);
  }

  #lookAt(entry: Entry<PgClient>, client: PgClient, error: Error | boolean | undefined): void {
    if (!isUsable(client) || (error && this.#breaks(error, client))) {
      entry.keeper.giveUp(entry, error);
      return;
    }
    if (this.#allowExitOnIdle) keepAlive(client, false);
    if (this.#options.log !== undefined) this.#logExpended(client, this.#options.log);
    // Not the pool's `reset`: nearly always there is nothing to do, and that should cost next to nothing.
    const cleaning = this.#options.strict ? undefined : clean(client, this.#options.sessionReset);
    if (cleaning === undefined) entry.keeper.takeBack(entry);
    else entry.keeper.takeBackChecked(entry, () => cleaning);
  }

  /** EventEmitter throws for an `error` that nobody hears, and for listeners that throw; neither may change a result here. */
  announce(event: string, ...payload: unknown[]): void {
    if (this.#options.strict) {
      this.#emitter.emit(event, ...payload);
      return;
    }
    if (this.#emitter.listenerCount(event) === 0) return;
    try {
      this.#emitter.emit(event, ...payload);
    } catch (error) {
      process.emitWarning(`A listener of "${event}" threw: ${String(error)}`, {
        type: 'MainstayWarning',
        code: 'MAINSTAY_LISTENER',
      });
    }
  }

  /**
   * pg's clients have one `release`, whoever calls it, and one identity, which libraries keep in maps. Each loan has a function
   * of its own: kept, it is inert afterwards. Whoever calls it as `client.release()` gets that of the present holder,
   * and can be told from him only where both have marked their async contexts.
   * @param origin the mark of the caller's context @param known false: he has waited, and whose context it is is not known
   */
  #handOut(entry: Entry<PgClient>, origin: Holding | undefined, known = true): PgClient {
    const { resource: client, generation } = entry;
    const state = stateOf(client);
    if (state !== undefined && state.entry !== entry) state.entry = entry;
    client.release = (error) => {
      if (entry.generation !== generation) {
        if (entry.revoked !== generation) throw new Error(DOUBLE_RELEASE);
        return;
      }
      if (known && entry.holding !== undefined && gaveBackHere(entry.holding, origin)) {
        throw new Error(`${DOUBLE_RELEASE} Somebody else holds it by now.`);
      }
      this.takeBack(entry, error);
    };
    if (this.#allowExitOnIdle) keepAlive(client, true);
    if (this.#listening.acquire) this.announce('acquire', client);
    return client;
  }

  #logExpended(client: PoolClient, log: (message: string) => void): void {
    const { maxUses } = this.#options.pool;
    const uses = this.pool.inspect().find(({ resource }) => resource === client)?.uses ?? 0;
    if (maxUses && uses >= maxUses) log('remove expended client');
  }

  #breaks(error: Error | boolean, client: PoolClient): boolean {
    if (this.#options.strict || error === true) return true;
    // A statement that its caller gave up is being ended: that is waited for before the next loan.
    return stateOf(client)?.cancelling === undefined && breaksConnection(error);
  }

  async #open(context: CreateContext): Promise<PgClient> {
    const { Client, config, statements, strict, log } = this.#options;
    log?.('connecting new client');
    const announce = (client: PoolClient): boolean => {
      const heard = this.#emitter.listenerCount('connect') > 0;
      this.announce('connect', client);
      return heard && !strict;
    };
    const onError = (error: Error, client: PoolClient): void => this.#heard(error, client);
    const client = await open({ Client, config, onError, announce, statements }, context);
    if (this.#allowExitOnIdle) keepAlive(client, false);
    return client;
  }

  async #close(client: PoolClient): Promise<void> {
    this.#options.log?.('removing client');
    await closeConnection(client, this.#options.clock);
    this.announce('remove', client);
  }

  /** An error of a connection, called after the pool has dropped it. Its holder hears it if he listens, else the pool does. */
  #heard(error: Error, client: PoolClient): void {
    const held = this.pool.inspect().some(({ resource, state }) => resource === client && state === 'leased');
    if (held && client.listenerCount('error') > 1) return;
    if (held && this.#options.strict) throw error;
    this.announce('error', Object.assign(error, { client }), client);
  }
}
