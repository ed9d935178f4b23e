import { channelOf } from './bus-connection.js';
import type { PendingWork } from './pending-work.js';
import { isCluster } from './redis-client.js';
import { newNonce, RedisCommands } from './redis-commands.js';
import type { RedisCounters } from './redis-guard.js';
import { guardsOf } from './redis-guards.js';
import { RedisKeys } from './redis-keys.js';
import type { RedisLevelOptions } from './redis-level-options.js';
import { RedisShard } from './redis-shard.js';
import { hashTags, rangeOf, slotOfTag } from './redis-slots.js';

/**
 * The places in which a cache lies. A Redis is one. In a Cluster a script and an MGET reach one slot only, so the cache lies in a few
 * slots, evenly spread: what is read together is few commands, a value lies beside its lease and the number of its messages, and a
 * heartbeat asks for few numbers.
 */
export class RedisShards {
  readonly all: readonly RedisShard[];
  /** Names this process's messages, which it need not heed itself. */
  readonly origin = newNonce();
  readonly counters: RedisCounters = {
    redisRoundTrips: 0,
    redisErrors: 0,
    redisTimeouts: 0,
    redisSkipped: 0,
  };

  readonly #owing = new Set<RedisShard>();

  /** @param owing called when there is something that has to be told later */
  constructor(options: RedisLevelOptions, pending: PendingWork, owing: () => void) {
    const { name, client, timeoutMs, prefix, clock, listener, latency, tombstoneMs, maxJournal } = options;
    const tags = isCluster(client) ? hashTags(options.clusterSlots) : [undefined];
    const slots = tags.map((tag) => (tag === undefined ? 0 : slotOfTag(tag)));
    const guarded = { name, client, timeoutMs, clock, listener, counters: this.counters, latency };
    const guards = guardsOf(client, guarded, slots);
    this.all = tags.map((tag, index) => {
      const keys = new RedisKeys(prefix, tag);
      const channel = channelOf(client, keys.counter);
      const commands = new RedisCommands(client, keys, channel, tombstoneMs, this.origin);
      const slot = slots[index] ?? 0;
      const parts = { client, guards, keys, commands, channel, slot, maxJournal, pending };
      return new RedisShard({
        ...parts,
        owes: (shard) => this.#note(shard, owing),
        paid: (shard) => this.#owing.delete(shard),
      });
    });
  }

  /** Where a key or a tag lies. */
  of(name: string): RedisShard {
    const { all } = this;
    return all[all.length === 1 ? 0 : rangeOf(name, all.length)] as RedisShard;
  }

  /** The names by where they lie, in the order in which the places come up. */
  group(names: readonly string[]): Map<RedisShard, string[]> {
    const groups = new Map<RedisShard, string[]>();
    for (const name of names) {
      const shard = this.of(name);
      const group = groups.get(shard);
      if (group === undefined) groups.set(shard, [name]);
      else group.push(name);
    }
    return groups;
  }

  /** Whether a change takes one command wherever it lies, or one a place. */
  get single(): boolean {
    return this.all.length === 1;
  }

  get owes(): boolean {
    return this.#owing.size > 0;
  }

  /** Those that have to be told something hear it even if nobody reads from them: others may. */
  tellOwed(): void {
    if (this.#owing.size > 0) for (const shard of this.#owing) shard.usable();
  }

  #note(shard: RedisShard, owing: () => void): void {
    this.#owing.add(shard);
    owing();
  }

  get up(): boolean {
    return this.all.every((shard) => shard.up);
  }

  /** Of the worst of them. */
  get breakerState(): 'closed' | 'open' | 'half-open' {
    const states = new Set(this.all.map((shard) => shard.guard.breakerState));
    return states.has('open') ? 'open' : states.has('half-open') ? 'half-open' : 'closed';
  }
}
