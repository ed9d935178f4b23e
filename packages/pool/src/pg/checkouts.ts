import type { EventEmitter } from 'node:events';
import { type Clock, deadlinesOf } from '@mainstay/core';
import type { PoolClient, PoolConfig } from 'pg';
import type { AcquireOptions } from '../acquire-options.js';
import { type Lease, PoolLease } from '../lease.js';
import type { CreateContext } from '../options.js';
import { Pool } from '../pool.js';
import { clean, isUntouched, ping, type SessionReset } from './bleed-guard.js';
import { activeText, isUsable, keepAlive } from './client.js';
import { stateOf } from './client-state.js';
import { fingerprint } from './fingerprint.js';
import { type Listening, listeningTo } from './listening.js';
import { closeConnection, open } from './open.js';
import { inWordsOfPg } from './pg-errors.js';
import type { TimesAndSizes } from './pg-options.js';
import { breaksConnection } from './sqlstate.js';
import type { PgClient } from './statement.js';
import type { Statements } from './statements.js';

const DOUBLE_RELEASE = 'Release called on client which has already been released to the pool.';

const failInWordsOfPg = (error: unknown): never => {
  throw inWordsOfPg(error);
};

/** The generic pool's default. */
const CHECK_TIMEOUT_MS = 5_000;
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

/** Its client, which knows from now on whose it is: his statements count as uses, in his own async context. */
export function held(lease: Lease<PgClient>): PgClient {
  const client = PoolLease.peek(lease);
  const state = stateOf(client);
  if (state !== undefined) state.lease = lease;
  return client;
}

/** The connections of a PgPool on their way to holders and back. */
export class Checkouts {
  readonly pool: Pool<PgClient>;
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
    this.pool = new Pool<PgClient>({
      ...options.pool,
      create: (context) => this.#open(context),
      destroy: (client) => this.#close(client),
      validate: strict ? undefined : ping,
      describe: (client) => {
        const text = activeText(client);
        return text === undefined ? undefined : fingerprint(text).slice(0, DESCRIBED);
      },
    });
  }

  /** A client whose `release` belongs to this checkout. */
  checkOut(options?: AcquireOptions): Promise<PgClient> {
    const lease = options === undefined ? this.pool.tryAcquire() : undefined;
    if (lease !== undefined) return Promise.resolve(this.#handOut(lease));
    // Thousands may wait: a promise and no function of its own for each.
    return this.#acquire(options).then(this.#handOut, failInWordsOfPg);
  }

  acquire(options?: AcquireOptions): Promise<Lease<PgClient>> {
    return this.#acquire(options).catch(failInWordsOfPg);
  }

  #acquire(options: AcquireOptions | undefined): Promise<Lease<PgClient>> {
    const acquiring = this.pool.acquire(options);
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
  takeBack(lease: Lease<PgClient>, client: PoolClient, error: Error | boolean | undefined): void {
    if (this.#listening.release) this.announce('release', error, client);
    if (this.#usual && !error && isUntouched(client)) {
      lease.release();
      return;
    }
    if (!isUsable(client) || (error && this.#breaks(error, client))) {
      lease.destroy(error);
      return;
    }
    if (this.#allowExitOnIdle) keepAlive(client, false);
    if (this.#options.log !== undefined) this.#logExpended(client, this.#options.log);
    const cleaning = this.#options.strict ? undefined : clean(client, this.#options.sessionReset);
    if (cleaning === undefined) lease.release();
    else void this.#releaseWhenClean(lease, cleaning);
  }

  /** Here and not in the pool's `reset`: nearly always there is nothing to do, and that should cost next to nothing. */
  async #releaseWhenClean(lease: Lease<PgClient>, cleaning: Promise<boolean> | boolean): Promise<void> {
    const { clock, pool } = this.#options;
    const timeoutMs = pool.checkTimeoutMs ?? CHECK_TIMEOUT_MS;
    const late = new Promise<false>((resolve) => {
      const deadline = deadlinesOf(clock).add(timeoutMs, () => resolve(false), { keepAlive: false });
      void Promise.resolve(cleaning).finally(() => deadline.cancel());
    });
    if (await Promise.race([cleaning, late])) lease.release();
    else lease.destroy(new Error('The connection could not be made ready for its next holder'));
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

  readonly #handOut = (lease: Lease<PgClient>): PgClient => {
    const client = held(lease);
    let released = false;
    client.release = (error) => {
      if (released) throw new Error(DOUBLE_RELEASE);
      released = true;
      this.takeBack(lease, client, error);
    };
    this.announceAcquire(client);
    return client;
  };

  announceAcquire(client: PoolClient): void {
    if (this.#allowExitOnIdle) keepAlive(client, true);
    if (this.#listening.acquire) this.announce('acquire', client);
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
