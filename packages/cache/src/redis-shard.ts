import { type JournalPart, OutageJournal } from './outage-journal.js';
import type { PendingWork } from './pending-work.js';
import { ReadBatch } from './read-batch.js';
import type { RedisClient } from './redis-client.js';
import type { RedisCommands } from './redis-commands.js';
import { type Attempt, type RedisGuard, UNAVAILABLE } from './redis-guard.js';
import type { RedisGuards } from './redis-guards.js';
import type { RedisKeys } from './redis-keys.js';

/** What one command may delete. */
export const MOST_KEYS = 500;

export interface ShardParts {
  client: RedisClient;
  guards: RedisGuards;
  keys: RedisKeys;
  commands: RedisCommands;
  channel: string;
  slot: number;
  maxJournal: number;
  /** Called when this one has to be told something later, and when it was told all. */
  owes: (shard: RedisShard) => void;
  paid: (shard: RedisShard) => void;
  pending: PendingWork;
}

/** What lies in one place: all of a Redis, or one slot of a Cluster. What it could not be told is noted, and told before it is read. */
export class RedisShard {
  readonly keys: RedisKeys;
  readonly commands: RedisCommands;
  readonly channel: string;
  readonly batch: ReadBatch;
  readonly #guards: RedisGuards;
  readonly #destination: { readonly slot: number; readonly key: string };
  readonly #journal: OutageJournal;
  readonly #owes: (shard: RedisShard) => void;
  readonly #paid: (shard: RedisShard) => void;
  readonly #pending: PendingWork;
  #replaying = false;

  constructor(parts: ShardParts) {
    const { client, guards, keys, commands, channel, slot, maxJournal, owes, paid, pending } = parts;
    this.keys = keys;
    this.commands = commands;
    this.channel = channel;
    this.#journal = new OutageJournal(maxJournal);
    this.#guards = guards;
    this.#destination = { slot, key: keys.counter };
    this.#owes = owes;
    this.#paid = paid;
    this.#pending = pending;
    this.batch = new ReadBatch(keys.all, (all) => this.attempt(() => client.mgetBuffer(...all)));
  }

  get guard(): RedisGuard {
    return this.#guards.of(this.#destination);
  }

  /** Reachable, and told of all that was invalidated while it was not. */
  get up(): boolean {
    return this.guard.up && this.#journal.empty;
  }

  /** Whether a read would be sent now. */
  usable(): boolean {
    if (!this.guard.available()) return false;
    if (this.#journal.empty) return true;
    // Nothing is read before Redis knows what was invalidated while it was away.
    void this.#replay();
    return false;
  }

  noteKeys(keys: readonly string[]): void {
    for (const key of keys) this.#journal.addKey(key);
    this.#owes(this);
  }

  noteTags(tags: readonly string[]): void {
    this.#journal.addTags(tags);
    this.#owes(this);
  }

  noteEverything(): void {
    this.#journal.addEverything();
    this.#owes(this);
  }

  attempt<T>(send: () => Promise<T>, timeoutMs?: number): Promise<Attempt<T>> {
    return this.guard.attempt(send, timeoutMs);
  }

  async #replay(): Promise<void> {
    if (this.#replaying) return;
    this.#replaying = true;
    try {
      while (!this.#journal.empty) {
        const part = this.#journal.next(MOST_KEYS);
        const answer = await this.#pending.track(this.attempt(() => this.#sendPart(part)));
        if (answer === UNAVAILABLE) return;
        this.#journal.acknowledge(part);
      }
      this.#paid(this);
    } finally {
      this.#replaying = false;
    }
  }

  async #sendPart({ everything, keys, tags }: JournalPart): Promise<void> {
    await Promise.all([
      everything ? this.commands.invalidateAll() : undefined,
      tags.length === 0 ? undefined : this.commands.invalidateTags(tags),
      keys.length === 0 ? undefined : this.commands.remove(keys),
    ]);
  }
}
