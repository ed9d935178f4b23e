import { randomBytes } from 'node:crypto';
import type { Clock } from '@mainstay/core';
import { type JournalPart, OutageJournal } from './outage-journal.js';
import { ReadBatch } from './read-batch.js';
import {
  CODEC_TOMBSTONE,
  decodeRecord,
  type EncodedValue,
  encodeHead,
  newStamp,
  type StoredRecord,
  stampOf,
} from './record.js';
import type { RedisClient } from './redis-client.js';
import { type GuardListener, type RedisCounters, RedisGuard, UNAVAILABLE } from './redis-guard.js';
import { deleteScript, invalidateScript, runScript, storeScript } from './redis-scripts.js';

/** What stood in Redis before a load: the load's result is stored only if it still does. */
export interface Captured {
  readonly stamp: string;
  /** Of the whole cache, then of each tag; '' where there was none. */
  readonly versions: readonly string[];
}

export interface RedisReading {
  /** Undefined: there is none, or it was deleted, or one of its tags was invalidated. */
  readonly record: StoredRecord | undefined;
  readonly captured: Captured;
}

export interface RedisLevelOptions {
  name: string;
  client: RedisClient;
  timeoutMs: number;
  prefix: string;
  /** How long a deletion is remembered: longer than any load that may have begun before it. */
  tombstoneMs: number;
  clock: Clock;
  listener: GuardListener;
}

const REPLAY_KEYS = 500;
const ANYTHING = '*';

/** The second level. Its methods never reject: while Redis is away there is nothing to be read, and invalidations are noted. */
export class RedisLevel {
  readonly #options: RedisLevelOptions;
  readonly #guard: RedisGuard;
  readonly #batch: ReadBatch;
  readonly #journal = new OutageJournal();
  readonly #pending = new Set<Promise<unknown>>();
  #replaying = false;

  constructor(options: RedisLevelOptions) {
    this.#options = options;
    this.#guard = new RedisGuard(
      options.name,
      options.client,
      options.timeoutMs,
      options.clock,
      options.listener,
    );
    this.#batch = new ReadBatch(options.client, this.#guard);
  }

  /** Reachable, and told of all that was invalidated while it was not. */
  get up(): boolean {
    return this.#guard.up && this.#journal.empty;
  }

  get counters(): RedisCounters {
    return this.#guard.counters;
  }

  /** Whether a read would be sent now. */
  usable(): boolean {
    if (!this.#guard.available()) return false;
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
    const answer = await this.#batch.read([this.#valueKey(key), ...this.#versionKeys(expectedTags)]);
    if (answer === UNAVAILABLE) return undefined;
    const [raw = null, ...rawVersions] = answer;
    const versions = rawVersions.map((version) => version?.toString('latin1') ?? '');
    const captured = { stamp: stampOf(raw), versions };
    const record = decodeRecord(raw);
    if (record === undefined) return { record, captured };
    const known = new Map(expectedTags.map((tag, index) => [tag, versions[index + 1] ?? '']));
    const unknown = record.tags.filter((tag) => !known.has(tag));
    if (unknown.length > 0) {
      const remainingMs = this.#options.timeoutMs - (this.#options.clock.now() - startedAt);
      const others = await this.#guard.attempt(
        () => this.#options.client.mgetBuffer(...unknown.map((tag) => this.#tagKey(tag))),
        Math.max(1, remainingMs),
      );
      if (others === UNAVAILABLE) return undefined;
      unknown.forEach((tag, index) => {
        known.set(tag, others[index]?.toString('latin1') ?? '');
      });
    }
    const holds =
      record.versions[0] === versions[0] &&
      record.tags.every((tag, index) => record.versions[index + 1] === known.get(tag));
    return { record: holds ? record : undefined, captured };
  }

  /** Stores what was loaded, unless something changed since `captured`. */
  async store(
    key: string,
    value: EncodedValue,
    captured: Captured,
  ): Promise<'stored' | 'refused' | 'unknown'> {
    const answer = await this.#store(key, value, Buffer.from(captured.stamp, 'latin1'), captured.versions);
    if (answer === UNAVAILABLE) return 'unknown';
    return answer === 1 ? 'stored' : 'refused';
  }

  /** Stores it whatever stands there. If Redis cannot be told, the older value goes as soon as it can. */
  async set(key: string, value: EncodedValue): Promise<void> {
    const versions = [ANYTHING, ...value.tags.map(() => ANYTHING)];
    const answer = await this.#store(key, value, ANYTHING, versions);
    if (answer === UNAVAILABLE) this.#journal.addKey(key);
  }

  async delete(key: string): Promise<void> {
    const answer = await this.#track(this.#guard.attempt(() => this.#sendTombstones([key])));
    if (answer === UNAVAILABLE) this.#journal.addKey(key);
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    const keys = tags.map((tag) => this.#tagKey(tag));
    const answer = await this.#track(this.#guard.attempt(() => this.#sendVersions(keys)));
    if (answer === UNAVAILABLE) this.#journal.addTags(tags);
  }

  async invalidateAll(): Promise<void> {
    const answer = await this.#track(this.#guard.attempt(() => this.#sendVersions([this.#allKey()])));
    if (answer === UNAVAILABLE) this.#journal.addEverything();
  }

  /** Resolves when nothing is under way any more: within one timeout. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  #store(key: string, value: EncodedValue, expected: Buffer | string, versions: readonly string[]) {
    const { stamp, times, lifetimeMs, tags, body } = value;
    const keys = [this.#valueKey(key), ...this.#versionKeys(tags)];
    const milliseconds = Number.isFinite(lifetimeMs) ? Math.max(1, Math.ceil(lifetimeMs)) : 0;
    const head = encodeHead(stamp, times, tags);
    return this.#track(
      this.#guard.attempt(() =>
        runScript(this.#options.client, storeScript, keys, [
          expected,
          milliseconds,
          newNonce(),
          head,
          body,
          ...versions,
        ]),
      ),
    );
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
    const versions = [...(everything ? [this.#allKey()] : []), ...tags.map((tag) => this.#tagKey(tag))];
    await Promise.all([
      versions.length === 0 ? undefined : this.#sendVersions(versions),
      keys.length === 0 ? undefined : this.#sendTombstones(keys),
    ]);
  }

  #sendTombstones(keys: readonly string[]): Promise<unknown> {
    const stored = keys.map((key) => this.#valueKey(key));
    const { client, tombstoneMs } = this.#options;
    return runScript(client, deleteScript, stored, [newStamp(CODEC_TOMBSTONE), tombstoneMs]);
  }

  #sendVersions(keys: readonly string[]): Promise<unknown> {
    return runScript(this.#options.client, invalidateScript, keys, [newNonce(), this.#options.tombstoneMs]);
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    try {
      return await work;
    } finally {
      this.#pending.delete(work);
    }
  }

  #valueKey(key: string): string {
    return `${this.#options.prefix}v:${key}`;
  }

  #tagKey(tag: string): string {
    return `${this.#options.prefix}t:${tag}`;
  }

  #allKey(): string {
    return `${this.#options.prefix}all`;
  }

  #versionKeys(tags: readonly string[]): string[] {
    return [this.#allKey(), ...tags.map((tag) => this.#tagKey(tag))];
  }
}

/** 16 characters that no other call has. */
function newNonce(): string {
  return randomBytes(12).toString('base64');
}
