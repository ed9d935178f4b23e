import { entryFromRecord, mayStore } from './entries.js';
import type { MemoryEntry } from './memory-entry.js';
import type { CacheState } from './state.js';

/** Reading without a loader: what `get` does when memory may not answer on its own. */
export class Reads {
  readonly #state: CacheState;

  constructor(state: CacheState) {
    this.#state = state;
  }

  /** Fresh, or within its stale time. */
  async read(key: string, expectedTags: readonly string[] | undefined): Promise<MemoryEntry | undefined> {
    const { memory, redis, clock, counters } = this.#state;
    // What Redis still had when it was asked is answered, however long it takes to decode: its clock counts, and may be another.
    const now = clock.now();
    const own = memory.living(key);
    let entry = own;
    let answeredByRedis = false;
    if (redis !== undefined && (own === undefined || own.confirmedUntil <= now)) {
      const answer = await this.#ask(key, own?.tags ?? expectedTags);
      answeredByRedis = answer !== 'away';
      entry = answer === 'away' ? memory.living(key) : answer;
    }
    if (entry === undefined || entry.staleUntil <= now) {
      counters.misses += 1;
      if (answeredByRedis) counters.redisMisses += 1;
      return undefined;
    }
    const stale = entry.freshUntil <= now;
    if (answeredByRedis) counters[stale ? 'redisStaleHits' : 'redisHits'] += 1;
    else counters[stale ? 'memoryStaleHits' : 'memoryHits'] += 1;
    return entry;
  }

  async #ask(
    key: string,
    expectedTags: readonly string[] | undefined,
  ): Promise<MemoryEntry | undefined | 'away'> {
    const { memory, redis, tokens, tags } = this.#state;
    const token = tokens.begin(key, tags.sequence);
    try {
      const reading = await redis?.read(key, expectedTags);
      if (reading === undefined) return 'away';
      const { record } = reading;
      const entry =
        record === undefined ? undefined : await entryFromRecord(this.#state, key, record, token, undefined);
      if (entry === undefined) {
        if (token.current) memory.delete(key);
      } else if (mayStore(this.#state, token, entry.tags)) memory.set(key, entry);
      return entry;
    } finally {
      tokens.end(token);
    }
  }
}
