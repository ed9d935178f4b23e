import type { Bus } from './bus.js';
import { channelOf, connectBus } from './bus-connection.js';
import type { BusMessage } from './bus-messages.js';
import { Compression } from './compression.js';
import { type Lease, LeaseWaiters } from './leases.js';
import { type JournalPart, OutageJournal } from './outage-journal.js';
import { ReadBatch } from './read-batch.js';
import { decodeRecord, type EncodedValue, encodeHead, stampOf } from './record.js';
import { isBusClient } from './redis-client.js';
import { newNonce, RedisCommands } from './redis-commands.js';
import { type Attempt, type RedisCounters, RedisGuard, UNAVAILABLE } from './redis-guard.js';
import { RedisKeys } from './redis-keys.js';
import type { Captured, RedisLevelOptions, RedisReading } from './redis-reading.js';

export type { Captured, RedisReading } from './redis-reading.js';

const REPLAY_KEYS = 500;
const ANYTHING = '*';

/** The second level. Its methods never reject: while Redis is away there is nothing to be read, and invalidations are noted. */
export class RedisLevel {
  readonly bus: Bus | undefined;
  readonly waiters: LeaseWaiters;
  readonly compression = new Compression();
  readonly #options: RedisLevelOptions;
  readonly #keys: RedisKeys;
  readonly #commands: RedisCommands;
  readonly #guard: RedisGuard;
  readonly #batch: ReadBatch;
  readonly #journal: OutageJournal;
  readonly #pending = new Set<Promise<unknown>>();
  #replaying = false;

  constructor(options: RedisLevelOptions) {
    const { name, client, timeoutMs, prefix, clock, listener, latency, tombstoneMs } = options;
    this.#options = options;
    this.#keys = new RedisKeys(prefix);
    this.#guard = new RedisGuard(name, client, timeoutMs, clock, listener);
    this.#guard.latency = latency;
    this.#batch = new ReadBatch(client, this.#guard);
    this.#journal = new OutageJournal(options.maxJournal);
    this.waiters = new LeaseWaiters(clock);
    const channel = channelOf(client, this.#keys.counter);
    this.#commands = new RedisCommands(client, this.#keys, channel, tombstoneMs);
    // With no staleness allowed Redis is asked every time, and there is nothing that a message could spare.
    if (options.bus && options.maxStaleMs > 0 && isBusClient(client)) {
      const received = (message: BusMessage): void => this.#receive(message);
      this.bus = connectBus(client, this.#guard, {
        ...options,
        channel,
        counterKey: this.#keys.counter,
        received,
      });
    }
  }

  /** Reachable, and told of all that was invalidated while it was not. */
  get up(): boolean {
    return this.#guard.up && this.#journal.empty;
  }

  get counters(): RedisCounters {
    return this.#guard.counters;
  }

  get breakerState(): 'closed' | 'open' | 'half-open' {
    return this.#guard.breakerState;
  }

  /** Whether a read would be sent now. */
  usable(): boolean {
    if (!this.#guard.available()) return false;
    this.bus?.wake();
    if (this.#journal.empty) return true;
    // Nothing is read before Redis knows what was invalidated while it was away.
    void this.#replay();
    return false;
  }

  /** The value with the versions of its tags, in one round trip if it carries no other tags than those expected. */
  async read(key: string, expectedTags: readonly string[] = []): Promise<RedisReading | undefined> {
    if (!this.usable()) {
      this.#guard.skip();
      return undefined;
    }
    const startedAt = this.#options.clock.now();
    const answer = await this.#batch.read([this.#keys.value(key), ...this.#keys.versions(expectedTags)]);
    if (answer === UNAVAILABLE) return undefined;
    const [raw = null, ...rawVersions] = answer;
    const versions = rawVersions.map((version) => version?.toString('latin1') ?? '');
    const captured = { stamp: stampOf(raw), versions };
    const record = decodeRecord(raw);
    if (record === undefined) return { record, captured };
    const known = new Map(expectedTags.map((tag, index) => [tag, versions[index + 1] ?? '']));
    if (!(await this.#readOthers(record.tags, known, startedAt))) return undefined;
    const holds =
      record.versions[0] === versions[0] &&
      record.tags.every((tag, index) => record.versions[index + 1] === known.get(tag));
    return { record: holds ? record : undefined, captured };
  }

  /** The versions of tags that only the value itself names. */
  async #readOthers(
    tags: readonly string[],
    known: Map<string, string>,
    startedAt: number,
  ): Promise<boolean> {
    const unknown = tags.filter((tag) => !known.has(tag));
    if (unknown.length === 0) return true;
    const { timeoutMs, clock, client } = this.#options;
    const others = await this.#guard.attempt(
      () => client.mgetBuffer(...unknown.map((tag) => this.#keys.tag(tag))),
      Math.max(1, timeoutMs - (clock.now() - startedAt)),
    );
    if (others === UNAVAILABLE) return false;
    unknown.forEach((tag, index) => {
      known.set(tag, others[index]?.toString('latin1') ?? '');
    });
    return true;
  }

  /** Stores what was loaded, unless something changed since `captured`. Ends the lease. */
  async store(
    key: string,
    value: EncodedValue,
    captured: Captured,
    lease: Lease | undefined,
  ): Promise<'stored' | 'refused' | 'unknown'> {
    const expected = Buffer.from(captured.stamp, 'latin1');
    const leaseToken = lease?.token ?? '';
    const answer = await this.#store(key, value, { expected, versions: captured.versions, leaseToken });
    if (answer === UNAVAILABLE) return 'unknown';
    return answer === 1 ? 'stored' : 'refused';
  }

  /**
   * Stores it whatever stands there, unless a newer change came while it was being compressed: then false. If Redis cannot be
   * told, the older value goes as soon as it can.
   */
  async set(key: string, value: EncodedValue, stillWanted: () => boolean): Promise<boolean> {
    const versions = [ANYTHING, ...value.tags.map(() => ANYTHING)];
    const answer = await this.#store(
      key,
      value,
      { expected: ANYTHING, versions, leaseToken: '' },
      stillWanted,
    );
    if (answer === undefined) return false;
    if (answer === UNAVAILABLE) this.#journal.addKey(key);
    return true;
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += REPLAY_KEYS) {
      const part = keys.slice(from, from + REPLAY_KEYS);
      const answer = await this.#track(this.#guard.attempt(() => this.#commands.remove(part)));
      if (answer === UNAVAILABLE) for (const key of part) this.#journal.addKey(key);
    }
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    const answer = await this.#track(this.#guard.attempt(() => this.#commands.invalidateTags(tags)));
    if (answer === UNAVAILABLE) this.#journal.addTags(tags);
  }

  async invalidateAll(): Promise<void> {
    const answer = await this.#track(this.#guard.attempt(() => this.#commands.invalidateAll()));
    if (answer === UNAVAILABLE) this.#journal.addEverything();
  }

  /** The right to load, 'held' by another process, 'changed' when there is another value meanwhile; undefined: no answer. */
  async lease(key: string, { stamp, versions }: Captured): Promise<Lease | 'held' | 'changed' | undefined> {
    const token = newNonce();
    const fingerprint = versions.map((version) => (version.startsWith('i') ? version : '-')).join('');
    const answer = await this.#guard.attempt(() =>
      this.#commands.lease(key, stamp, token, fingerprint, this.#options.leaseMs),
    );
    if (answer === UNAVAILABLE) return undefined;
    if (answer === 1) return { key, token };
    return answer === 2 ? 'changed' : 'held';
  }

  /** Prolongs a lease; with 0 gives it back. */
  async keepLease({ key, token }: Lease, milliseconds: number): Promise<void> {
    await this.#track(this.#guard.attempt(() => this.#commands.keepLease(key, token, milliseconds)));
  }

  /** Resolves when nothing is under way any more: within one timeout. */
  async settle(): Promise<void> {
    this.bus?.close();
    this.waiters.wakeAll();
    await Promise.allSettled(this.#pending);
  }

  #store(
    key: string,
    value: EncodedValue,
    how: { expected: Buffer | string; versions: readonly string[]; leaseToken: string },
    stillWanted: () => boolean = () => true,
  ): Promise<Attempt<unknown> | undefined> {
    const { stamp, times, lifetimeMs, tags } = value;
    const milliseconds = Number.isFinite(lifetimeMs) ? Math.max(1, Math.ceil(lifetimeMs)) : 0;
    const send = (body: Buffer): Promise<Attempt<unknown>> => {
      const head = encodeHead(stamp, times, tags);
      const command = { key, stamp, head, body, tags, milliseconds, ...how };
      return this.#guard.attempt(() => this.#commands.store(command));
    };
    const body = this.compression.bodyOf(value);
    if (Buffer.isBuffer(body)) return this.#track(send(body));
    return this.#track(body.then((bytes) => (stillWanted() ? send(bytes) : undefined)));
  }

  async #replay(): Promise<void> {
    if (this.#replaying) return;
    this.#replaying = true;
    try {
      while (!this.#journal.empty) {
        const part = this.#journal.next(REPLAY_KEYS);
        const answer = await this.#track(this.#guard.attempt(() => this.#sendPart(part)));
        if (answer === UNAVAILABLE) return;
        this.#journal.acknowledge(part);
      }
    } finally {
      this.#replaying = false;
    }
  }

  async #sendPart({ everything, keys, tags }: JournalPart): Promise<void> {
    await Promise.all([
      everything ? this.#commands.invalidateAll() : undefined,
      tags.length === 0 ? undefined : this.#commands.invalidateTags(tags),
      keys.length === 0 ? undefined : this.#commands.remove(keys),
    ]);
  }

  #receive(message: BusMessage): void {
    if (message.origin !== this.#commands.origin) this.#options.listener.received(message);
    if (message.kind === 'keys' || message.kind === 'ended')
      for (const key of message.names) this.waiters.wake(key);
    else this.waiters.wakeAll();
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    try {
      return await work;
    } finally {
      this.#pending.delete(work);
    }
  }
}
