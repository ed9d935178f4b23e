import { Compression } from './compression.js';
import type { Lease } from './leases.js';
import type { PendingWork } from './pending-work.js';
import { type EncodedValue, encodeHead } from './record.js';
import { type Attempt, UNAVAILABLE } from './redis-guard.js';
import type { Captured } from './redis-reading.js';
import { MOST_KEYS, type RedisShard } from './redis-shard.js';
import type { RedisShards } from './redis-shards.js';

const ANYTHING = '*';
const STORED = 1;
const REFUSED = 0;

interface Store {
  readonly expected: Buffer | string;
  /** Of the whole cache, then of each tag. */
  readonly versions: readonly string[];
  readonly leaseToken: string;
}

/** Writes to Redis. What it could not be told is noted where it belongs. */
export class RedisWriter {
  readonly compression = new Compression();
  readonly #shards: RedisShards;
  readonly #pending: PendingWork;

  constructor(shards: RedisShards, pending: PendingWork) {
    this.#shards = shards;
    this.#pending = pending;
  }

  /** Stores what was loaded, unless something changed since `captured`. Ends the lease. */
  async store(
    key: string,
    value: EncodedValue,
    { stamp, versions }: Captured,
    lease: Lease | undefined,
  ): Promise<'stored' | 'refused' | 'unknown'> {
    const how = { expected: Buffer.from(stamp, 'latin1'), versions, leaseToken: lease?.token ?? '' };
    const answer = await this.#pending.track(this.#encoded(key, value, how));
    // A client made with `stringNumbers` answers '1'.
    if (answer !== UNAVAILABLE && Number(answer) === STORED) return 'stored';
    // Where the tags lie elsewhere, the value's own place has not heard of it yet, and others may be waiting there.
    if (lease !== undefined && !this.#shards.single) void this.keepLease(lease, 0);
    return answer === UNAVAILABLE ? 'unknown' : 'refused';
  }

  /**
   * Stores it whatever stands there, unless a newer change came while it was being compressed: then false. If Redis cannot be
   * told, the older value goes as soon as it can.
   */
  async set(key: string, value: EncodedValue, stillWanted: () => boolean): Promise<boolean> {
    const versions = [ANYTHING, ...value.tags.map(() => ANYTHING)];
    const shard = this.#shards.of(key);
    let givenUp = false;
    // A client may go on trying for longer than we wait: what it writes then may be older than what others wrote meanwhile.
    const ended = (): void => {
      if (givenUp) shard.noteKeys([key]);
    };
    const how = { expected: ANYTHING, versions, leaseToken: '' };
    const answer = await this.#pending.track(this.#encoded(key, value, how, stillWanted, ended));
    if (answer === undefined) return false;
    if (answer === UNAVAILABLE) {
      givenUp = true;
      shard.noteKeys([key]);
    }
    return true;
  }

  /** One command for 500 keys, in a Cluster for those of each slot. */
  async delete(keys: readonly string[]): Promise<void> {
    const parts: Promise<void>[] = [];
    for (const [shard, group] of this.#shards.group(keys)) parts.push(this.#deleteAt(shard, group));
    await Promise.all(parts);
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    const parts = Array.from(this.#shards.group(tags), async ([shard, group]) => {
      const answer = await this.#attempt(shard, () => shard.commands.invalidateTags(group));
      if (answer === UNAVAILABLE) shard.noteTags(group);
    });
    await Promise.all(parts);
  }

  /** One command, in a Cluster one for each slot. */
  async invalidateAll(): Promise<void> {
    const parts = this.#shards.all.map(async (shard) => {
      const answer = await this.#attempt(shard, () => shard.commands.invalidateAll());
      if (answer === UNAVAILABLE) shard.noteEverything();
    });
    await Promise.all(parts);
  }

  /** Prolongs a lease; with 0 gives it back. */
  async keepLease({ key, token }: Lease, milliseconds: number): Promise<void> {
    const shard = this.#shards.of(key);
    await this.#attempt(shard, () => shard.commands.keepLease(key, token, milliseconds));
  }

  async #deleteAt(shard: RedisShard, keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += MOST_KEYS) {
      const part = keys.slice(from, from + MOST_KEYS);
      const answer = await this.#attempt(shard, () => shard.commands.remove(part));
      if (answer === UNAVAILABLE) shard.noteKeys(part);
    }
  }

  #attempt(shard: RedisShard, send: () => Promise<unknown>): Promise<Attempt<unknown>> {
    return this.#pending.track(shard.attempt(send));
  }

  /** Undefined: not wanted any more. */
  async #encoded(
    key: string,
    value: EncodedValue,
    how: Store,
    stillWanted: () => boolean = () => true,
    ended: () => void = () => {},
  ): Promise<Attempt<unknown> | undefined> {
    const compressed = this.compression.bodyOf(value);
    if (Buffer.isBuffer(compressed)) return this.#send(key, value, compressed, how, ended);
    const body = await compressed;
    return stillWanted() ? this.#send(key, value, body, how, ended) : undefined;
  }

  async #send(
    key: string,
    { stamp, times, lifetimeMs, tags }: EncodedValue,
    body: Buffer,
    { expected, versions, leaseToken }: Store,
    ended: () => void,
  ): Promise<Attempt<unknown>> {
    const milliseconds = Number.isFinite(lifetimeMs) ? Math.max(1, Math.ceil(lifetimeMs)) : 0;
    const shard = this.#shards.of(key);
    const { single } = this.#shards;
    const [whole = '', ...seen] = versions;
    const claimed = single || tags.length === 0 ? [] : await this.#claim(tags, seen, milliseconds);
    if (claimed === UNAVAILABLE || claimed === REFUSED) return claimed;
    const command = {
      ...{ key, stamp, body, milliseconds, expected, leaseToken },
      head: encodeHead(stamp, times, tags),
      tags: single ? tags : [],
      versions: single ? versions : [whole],
      otherVersions: claimed.join(''),
    };
    return shard.attempt(() => {
      const sent = shard.commands.store(command);
      sent.then(ended, ended);
      return sent;
    });
  }

  /**
   * The versions under which a value may be stored that lies elsewhere than its tags. One that changes after this makes the value a
   * miss for everybody who reads it, so nothing has to happen at one moment.
   */
  async #claim(
    tags: readonly string[],
    seen: readonly string[],
    milliseconds: number,
  ): Promise<Attempt<readonly string[] | typeof REFUSED>> {
    const current = new Map<string, string>();
    const parts = Array.from(this.#shards.group(tags), async ([shard, group]) => {
      const versions = await shard.attempt(() => shard.commands.claim(group, milliseconds));
      if (!Array.isArray(versions)) return false;
      group.forEach((tag, index) => {
        current.set(tag, String(versions[index]));
      });
      return true;
    });
    if (!(await Promise.all(parts)).every(Boolean)) return UNAVAILABLE;
    const versions = tags.map((tag) => current.get(tag) ?? '');
    return versions.every((version, index) => accepts(seen[index] ?? '', version)) ? versions : REFUSED;
  }
}

/** A load that saw no version accepts a tag that another writer created meanwhile, but not one that was invalidated. */
function accepts(seen: string, current: string): boolean {
  return seen === ANYTHING || seen === current || (seen === '' && current.startsWith('c'));
}
