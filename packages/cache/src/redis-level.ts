import { type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import type { Bus } from './bus.js';
import { connectBus } from './bus-connection.js';
import type { BusMessage } from './bus-messages.js';
import type { Compression } from './compression.js';
import { type Lease, LeaseWaiters } from './leases.js';
import { PendingWork } from './pending-work.js';
import type { EncodedValue } from './record.js';
import { newNonce } from './redis-commands.js';
import { type RedisCounters, UNAVAILABLE } from './redis-guard.js';
import type { RedisLevelOptions } from './redis-level-options.js';
import { RedisReader } from './redis-reader.js';
import type { Captured, RedisReading } from './redis-reading.js';
import type { RedisShard } from './redis-shard.js';
import { RedisShards } from './redis-shards.js';
import { RedisWriter } from './redis-writer.js';

export type { Captured, RedisReading } from './redis-reading.js';

const NO_TAGS: readonly string[] = [];
const FIRST_LOOK_MS = 20;
const LAST_LOOK_MS = 1_000;

/** The second level. Its methods never reject: while Redis is away there is nothing to be read, and invalidations are noted. */
export class RedisLevel {
  readonly bus: Bus | undefined;
  readonly waiters: LeaseWaiters;
  readonly #options: RedisLevelOptions;
  readonly #shards: RedisShards;
  readonly #reader: RedisReader;
  readonly #writer: RedisWriter;
  readonly #pending = new PendingWork();
  readonly #deadlines: DeadlineQueue;
  #nextLook: Deadline | undefined;
  #looks = 0;
  #closed = false;

  constructor(options: RedisLevelOptions) {
    this.#options = options;
    this.#deadlines = deadlinesOf(options.clock);
    this.#shards = new RedisShards(options, this.#pending, () => this.#lookLater());
    this.#reader = new RedisReader(this.#shards, options);
    this.#writer = new RedisWriter(this.#shards, this.#pending);
    this.waiters = new LeaseWaiters(options.clock);
    // With no staleness allowed Redis is asked every time, and there is nothing that a message could spare.
    if (options.bus && options.maxStaleMs > 0)
      this.bus = connectBus(options, this.#shards.all, (message) => this.#receive(message));
  }

  get up(): boolean {
    return this.#shards.up;
  }

  get counters(): RedisCounters {
    return this.#shards.counters;
  }

  get compression(): Compression {
    return this.#writer.compression;
  }

  get breakerState(): 'closed' | 'open' | 'half-open' {
    return this.#shards.breakerState;
  }

  /** Whether some read would be sent now. */
  usable(): boolean {
    return this.#noticed(this.#shards.all.some((shard) => shard.usable()));
  }

  /** The value with the versions of its tags, in one round trip if it carries no other tags than those expected. */
  read(key: string, expectedTags: readonly string[] = NO_TAGS): Promise<RedisReading | undefined> {
    if (this.#usableFor(key, expectedTags)) return this.#reader.read(key, expectedTags);
    this.counters.redisSkipped += 1;
    return Promise.resolve(undefined);
  }

  /** Stores what was loaded, unless something changed since `captured`. Ends the lease. */
  store(
    key: string,
    value: EncodedValue,
    captured: Captured,
    lease: Lease | undefined,
  ): Promise<'stored' | 'refused' | 'unknown'> {
    return this.#writer.store(key, value, captured, lease);
  }

  /**
   * Stores it whatever stands there, unless a newer change came while it was being compressed: then false. If Redis cannot be
   * told, the older value goes as soon as it can.
   */
  set(key: string, value: EncodedValue, stillWanted: () => boolean): Promise<boolean> {
    return this.#writer.set(key, value, stillWanted);
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#writer.delete(keys);
  }

  invalidate(tags: readonly string[]): Promise<void> {
    return this.#writer.invalidate(tags);
  }

  invalidateAll(): Promise<void> {
    return this.#writer.invalidateAll();
  }

  /**
   * The right to load, 'held' by another process, 'changed' when there is another value meanwhile; undefined: no answer. Reading and
   * this together take no longer than one timeout.
   */
  async lease(key: string, reading: RedisReading): Promise<Lease | 'held' | 'changed' | undefined> {
    const { clock, timeoutMs, leaseMs } = this.#options;
    const remainingMs = timeoutMs - (clock.now() - reading.startedAt);
    if (remainingMs <= 0) return undefined;
    const { stamp, versions } = reading.captured;
    const shard = this.#shards.of(key);
    const token = newNonce();
    const fingerprint = versions.map((version) => (version.startsWith('i') ? version : '-')).join('');
    let givenUp = false;
    const send = async (): Promise<number> => {
      // A client made with `stringNumbers` answers '1'.
      const granted = Number(await shard.commands.lease(key, stamp, token, fingerprint, leaseMs));
      // Too late: nobody would give it back.
      if (givenUp && granted === 1) void this.keepLease({ key, token }, 0);
      return granted;
    };
    const answer = await shard.attempt(send, remainingMs);
    givenUp = answer === UNAVAILABLE;
    if (givenUp) return undefined;
    if (answer === 1) return { key, token };
    return answer === 2 ? 'changed' : 'held';
  }

  /** Prolongs a lease; with 0 gives it back. */
  keepLease(lease: Lease, milliseconds: number): Promise<void> {
    return this.#writer.keepLease(lease, milliseconds);
  }

  /** Resolves when nothing is under way any more: within one timeout. */
  async settle(): Promise<void> {
    this.#closed = true;
    this.#nextLook?.cancel();
    this.bus?.close();
    this.waiters.wakeAll();
    await this.#pending.settle();
  }

  /** Asks all places that are needed, so that each hears what it has to before anything is read from it. */
  #usableFor(key: string, tags: readonly string[]): boolean {
    const home = this.#shards.of(key);
    let usable = home.usable();
    if (!this.#shards.single) {
      for (const tag of tags) {
        const shard: RedisShard = this.#shards.of(tag);
        if (shard !== home) usable = shard.usable() && usable;
      }
      this.#shards.tellOwed();
    }
    return this.#noticed(usable);
  }

  #noticed(usable: boolean): boolean {
    if (usable) this.bus?.wake();
    else if (this.bus?.asleep === true) this.#lookLater();
    return usable;
  }

  /**
   * Whoever changed something and then rests, and whoever read before the client was connected, is not there when Redis comes: so
   * this looks by itself until Redis was told, and the bus is awake. It keeps no process alive.
   */
  #lookLater(): void {
    if (this.#nextLook !== undefined || this.#closed) return;
    const pauseMs = Math.min(LAST_LOOK_MS, FIRST_LOOK_MS * 2 ** Math.min(this.#looks, 10));
    const look = (): void => {
      this.#nextLook = undefined;
      this.#looks += 1;
      this.#shards.tellOwed();
      if (this.usable() && !this.#shards.owes) this.#looks = 0;
      else if (this.#shards.owes) this.#lookLater();
    };
    this.#nextLook = this.#deadlines.add(pauseMs, look, { keepAlive: false });
  }

  #receive(message: BusMessage): void {
    if (message.origin !== this.#shards.origin) this.#options.listener.received(message);
    if (message.kind === 'keys' || message.kind === 'ended')
      for (const key of message.names) this.waiters.wake(key);
    else this.waiters.wakeAll();
  }
}
