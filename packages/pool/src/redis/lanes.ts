import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { Events, type Listener } from '@mainstay/core';
import { Redis as InstalledRedis, type Redis } from 'ioredis';
import type { Pool } from '../pool.js';
import { wrongOnShared } from './commands.js';
import { exclusiveLane } from './exclusive.js';
import { Gate, type GateCounters } from './gate.js';
import { Link, type LinkState } from './link.js';
import { downError, wrongLaneError } from './redis-errors.js';
import {
  type CheckedRedisLanesOptions,
  type RedisLanesOptions,
  readRedisLanesOptions,
} from './redis-options.js';
import { Subscriber } from './subscriber.js';

export interface RedisLanesEvents {
  /** All tries failed: commands fail at once from now on. */
  down: { error: unknown };
  /** A connection is there again, after `down`. */
  up: { downForMs: number };
  /** The shared connection was lost, and is being tried. */
  lost: { error: unknown };
  /** The subscriber was away: messages of that time are lost. */
  gap: { awayForMs: number };
}

export interface RedisLanesStats extends Readonly<GateCounters> {
  /** Of the shared lane: see `LinkState`. */
  readonly state: LinkState;
  readonly subscriberState: LinkState;
  /** Sent and not answered, and waiting for the connection, on the shared lane. */
  readonly inFlight: number;
  readonly parked: number;
  /** Failed tries in a row. */
  readonly failures: number;
  /** How often it was marked down. */
  readonly downs: number;
  /** How often the shared lane connected. */
  readonly connects: number;
  readonly downForMs: number;
  readonly subscriptions: number;
  /** Of the exclusive lane; its own `stats()` has more. */
  readonly exclusiveInUse: number;
  readonly exclusiveWaiting: number;
}

interface SharedConnection {
  link: Link;
  gate: Gate;
}

/**
 * One Redis server over three lanes, so that nobody blocks anybody: `shared` for ordinary commands, `exclusive` for what needs a
 * connection of its own, `subscriber` for channels. All are ioredis clients (5 or 6), with every method and pipelines.
 */
export class RedisLanes implements AsyncDisposable {
  readonly kind = 'redis-lanes';
  readonly name: string;
  /** A pool: `use`, `acquire`, and so on. A connection comes back as new. */
  readonly exclusive: Pool<Redis>;
  readonly subscriber: Subscriber;
  /** Held open while the server is marked down: for whoever wants to ask before he begins. */
  readonly breaker: CircuitBreaker;
  readonly #options: CheckedRedisLanesOptions;
  readonly #shared: SharedConnection[];
  readonly #subscriberConnection: SharedConnection;
  readonly #counters: GateCounters = { commands: 0, commandTimeouts: 0, interrupted: 0, refused: 0 };
  #events: Events<RedisLanesEvents> | undefined;
  #downs = 0;
  #connects = 0;
  #markedDown = false;
  #subscribedBefore = false;

  /** Connects at once, in the background. @throws TypeError, RangeError when an option is wrong */
  constructor(options: RedisLanesOptions = {}) {
    this.#options = readRedisLanesOptions(options, InstalledRedis);
    this.name = this.#options.name;
    this.breaker = new CircuitBreaker({ name: this.name, clock: this.#options.clock });
    this.#shared = Array.from({ length: this.#options.sharedConnections }, (_, index) =>
      this.#connection(true, (state, before) => index === 0 && this.#changed(state, before)),
    );
    this.#subscriberConnection = this.#connection(false, (state) => this.#subscriberChanged(state));
    this.subscriber = new Subscriber(this.#subscriberConnection);
    this.exclusive = exclusiveLane({
      options: this.#options,
      counters: this.#counters,
      unavailable: (command) => this.#unavailable(this.#first.link, command),
    });
    for (const { link } of this.#shared) link.start();
  }

  /** For everything that neither blocks nor changes the connection: an ioredis client, the one with the least to do. */
  get shared(): Redis {
    let best = this.#first;
    for (const candidate of this.#shared) {
      const isBetter = candidate.gate.inFlight < best.gate.inFlight || best.link.state !== 'up';
      if (candidate.link.state === 'up' && isBetter) best = candidate;
    }
    return best.link.client;
  }

  get state(): LinkState {
    return this.#first.link.state;
  }

  /** For health checks. @throws RedisDownError, RedisCommandTimeoutError, RedisOfflineError */
  async ping(): Promise<void> {
    await this.shared.ping();
  }

  /** @returns removes the listener */
  on<K extends keyof RedisLanesEvents>(event: K, listener: Listener<RedisLanesEvents[K]>): () => void {
    this.#events ??= new Events();
    return this.#events.on(event, listener);
  }

  stats(): RedisLanesStats {
    const { link } = this.#first;
    const { inUse, waiting } = this.exclusive.stats();
    const sum = (pick: (gate: Gate) => number) =>
      this.#shared.reduce((total, { gate }) => total + pick(gate), 0);
    return {
      state: link.state,
      subscriberState: this.#subscriberConnection.link.state,
      inFlight: sum((gate) => gate.inFlight),
      parked: sum((gate) => gate.parked),
      failures: link.failures,
      downs: this.#downs,
      connects: this.#connects,
      downForMs: this.#markedDown ? this.#options.clock.now() - link.lostAt : 0,
      subscriptions: this.subscriber.subscriptions,
      exclusiveInUse: inUse,
      exclusiveWaiting: waiting,
      ...this.#counters,
    };
  }

  /** Ends all lanes: holders of exclusive connections have `timeoutMs` (default 5,000), commands on their way fail. */
  async close(options: { timeoutMs?: number | undefined } = {}): Promise<void> {
    await this.exclusive.drain({ timeoutMs: options.timeoutMs ?? 5_000 });
    for (const { link } of [...this.#shared, this.#subscriberConnection]) link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #first(): SharedConnection {
    return this.#shared[0] as SharedConnection;
  }

  #connection(shared: boolean, changed: (state: LinkState, before: LinkState) => unknown): SharedConnection {
    const { name, clock, commandTimeoutMs, connectTimeoutMs, offlineQueue, retry, makeClient } =
      this.#options;
    const client = makeClient();
    const link = new Link({
      ...{ client, retry, connectTimeoutMs, clock, random: Math.random },
      changed: (state, before) => {
        if (state === 'down' || state === 'closed')
          gate.refuseParked((command) => this.#downFor(link, command));
        changed(state, before);
      },
    });
    const gate = new Gate({
      ...{ name, client, clock, commandTimeoutMs, offlineQueue, counters: this.#counters },
      refusal: (command, { args }, inPipeline) => {
        const advice = shared ? wrongOnShared(command, args, inPipeline) : undefined;
        return advice === undefined
          ? this.#unavailable(link, command)
          : wrongLaneError(name, command, advice);
      },
      sending: () => {},
      silent: () => link.suspect(),
    });
    return { link, gate };
  }

  #unavailable(link: Link, command: string): Error | undefined {
    return link.state === 'down' || link.state === 'closed' ? this.#downFor(link, command) : undefined;
  }

  #downFor({ state, failures, lastError }: Link, command: string): Error {
    const why =
      state === 'closed' && failures === 0
        ? 'the lanes are closed'
        : `${failures} tries to connect failed${state === 'closed' ? ', and no more are made' : ''}`;
    return downError(this.name, command, why, lastError);
  }

  #changed(state: LinkState, before: LinkState): void {
    const { link } = this.#first;
    const { clock } = this.#options;
    if (state === 'up') this.#connects += 1;
    if (state === 'retrying' && before === 'up') this.#events?.emit('lost', { error: link.lastError });
    if (state === 'down' && !this.#markedDown) {
      this.#markedDown = true;
      this.#downs += 1;
      this.breaker.isolate();
      this.#events?.emit('down', { error: link.lastError });
    }
    if (state === 'up' && this.#markedDown) {
      this.#markedDown = false;
      this.breaker.release();
      this.#events?.emit('up', { downForMs: clock.now() - link.lostAt });
    }
  }

  #subscriberChanged(state: LinkState): void {
    const { link } = this.#subscriberConnection;
    if (state !== 'up' || this.subscriber.subscriptions === 0) return;
    const awayForMs = this.#options.clock.now() - link.lostAt;
    const again = this.#subscribedBefore;
    this.#subscribedBefore = true;
    this.subscriber.restore().then(
      () => again && this.#events?.emit('gap', { awayForMs }),
      // It was not confirmed in time: as good as not there, so that it is tried again.
      () => link.suspect(),
    );
  }
}
