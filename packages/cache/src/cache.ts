import { Events, type Listener } from '@mainstay/core';
import { Changes } from './changes.js';
import { entryFromRecord, mayStore } from './entries.js';
import { CacheClosedError } from './errors.js';
import { LoadPath } from './load-path.js';
import type { MemoryEntry, MemoryLevel } from './memory-level.js';
import { checkKey, checkTags, EntryOptionsReader, readCacheOptions } from './options.js';
import { CacheState, type Counters } from './state.js';
import type {
  CacheEvents,
  CacheOptions,
  CacheStats,
  EntryOptions,
  GetOrSetOptions,
  Loader,
} from './types.js';

/**
 * Memory, then Redis, then your loader. Made with {@link createCache}.
 *
 * A `delete`, `set`, `invalidateTags` or `clear` always beats a load that began before it: the load's callers get its result, but
 * it is not stored. Keys are strings of at least one character and of any length.
 */
export class Cache implements AsyncDisposable {
  readonly kind = 'cache';
  readonly name: string;
  readonly #state: CacheState;
  /** The two parts of the state that a hit touches. */
  readonly #memory: MemoryLevel;
  readonly #counters: Counters;
  readonly #options: EntryOptionsReader;
  readonly #loads: LoadPath;
  readonly #changes: Changes;

  /** @throws TypeError or RangeError naming the option that is wrong, what was received and what is allowed */
  constructor(options: CacheOptions) {
    const settings = readCacheOptions(options);
    this.name = settings.name;
    this.#state = new CacheState(settings);
    this.#memory = this.#state.memory;
    this.#counters = this.#state.counters;
    this.#options = new EntryOptionsReader(settings);
    this.#loads = new LoadPath(this.#state, this.#options);
    this.#changes = new Changes(this.#state);
  }

  /**
   * The cached value, else what the loader brings. Callers for the same key share one load, its failure too. Options are read
   * when a load begins; who joins one shares its options.
   * @returns rejects with the loader's error, CacheLoadTimeoutError, CacheClosedError, the signal's reason, and with TypeError or
   *   RangeError for a wrong key or option; it never throws. Redis being away is no error.
   */
  getOrSet<T>(key: string, load: Loader<T>, options?: GetOrSetOptions): Promise<T> {
    const entry = this.#memory.usable(key);
    if (entry === undefined) return Promise.resolve(this.#loads.find(key, load, options)) as Promise<T>;
    this.#counters.memoryHits += 1;
    entry.promise ??= Promise.resolve(entry.value);
    return entry.promise as Promise<T>;
  }

  /** Like {@link getOrSet}, but what memory holds is returned as it is, without a promise: for hot code that looks at the type. */
  getMaybe<T>(key: string, load: Loader<T>, options?: GetOrSetOptions): T | Promise<T> {
    const entry = this.#memory.usable(key);
    if (entry === undefined) return this.#loads.find(key, load, options) as T | Promise<T>;
    this.#counters.memoryHits += 1;
    return entry.value as T;
  }

  /** What memory holds and may answer without asking Redis, else undefined. Is not counted and does not keep the value from eviction. */
  peek<T = unknown>(key: string): T | undefined {
    return this.#memory.peek(key)?.value as T | undefined;
  }

  /** The value from memory or Redis, fresh or within its stale time; undefined if there is none. Loads nothing. */
  async get<T = unknown>(key: string): Promise<T | undefined> {
    const entry = this.#memory.usable(key);
    if (entry !== undefined) {
      this.#counters.memoryHits += 1;
      return entry.value as T;
    }
    checkKey(key);
    if (this.#state.closed) throw new CacheClosedError(this.name);
    return (await this.#read(key))?.value as T | undefined;
  }

  /** Whether {@link get} would find a value. Counts like it. */
  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  /**
   * Stores a value. `undefined` is refused with a TypeError; a `ttlMs` of 0 deletes.
   *
   * Resolves when Redis has it; while Redis is away, within its timeout, and Redis loses the older value as soon as it is back.
   */
  async set(key: string, value: unknown, options?: EntryOptions): Promise<void> {
    checkKey(key);
    return this.#changes.set(key, value, this.#options.read(options));
  }

  /** Resolves when Redis has deleted it; while Redis is away, within its timeout, and Redis is told as soon as it is back. */
  async delete(key: string): Promise<void> {
    checkKey(key);
    return this.#changes.delete(key);
  }

  /** Makes every value void that carries one of the tags: one command however many values they are. Resolves like {@link delete}. */
  async invalidateTags(...tags: string[]): Promise<void> {
    return this.#changes.invalidateTags(checkTags(tags));
  }

  /** Makes every value of this cache void, here and in Redis: one command. Resolves like {@link delete}. */
  async clear(): Promise<void> {
    return this.#changes.clear();
  }

  /** @returns removes the listener */
  on<K extends keyof CacheEvents>(event: K, listener: Listener<CacheEvents[K]>): () => void {
    this.#state.events ??= new Events<CacheEvents>();
    return this.#state.events.on(event, listener);
  }

  /** Counters grow for the life of the cache; `entries`, `bytes` and `redis` are read at this moment. */
  stats(): CacheStats {
    const { counters, memory, redis } = this.#state;
    const { memoryHits, redisHits, staleHits, misses, loads, loadErrors, coalesced, invalidations } =
      counters;
    const { redisErrors = 0, redisTimeouts = 0, redisSkipped = 0 } = redis?.counters ?? {};
    return {
      memoryHits,
      redisHits,
      staleHits,
      misses,
      loads,
      loadErrors,
      coalesced,
      evictions: memory.evictions,
      entries: memory.size,
      bytes: memory.bytes,
      invalidations,
      redis: redis === undefined ? 'none' : redis.up ? 'up' : 'away',
      redisErrors,
      redisTimeouts,
      redisSkipped,
    };
  }

  /**
   * Aborts the loads, rejects who waits for them with CacheClosedError, empties memory, and resolves when Redis has what was
   * being written (within its timeout). The Redis client is yours and stays open. Further calls do nothing.
   */
  async close(): Promise<void> {
    if (!this.#state.closed) {
      this.#state.closed = true;
      this.#loads.close();
      this.#state.tokens.revokeAll();
      this.#state.memory.clear();
      this.#state.failures.clear();
    }
    await this.#state.redis?.settle();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(key: string): Promise<MemoryEntry | undefined> {
    const { memory, redis, clock, counters, tokens, tags } = this.#state;
    const own = memory.living(key);
    let entry = own;
    let answeredByRedis = false;
    if (redis !== undefined && (own === undefined || own.confirmedUntil <= clock.now())) {
      const token = tokens.begin(key, tags.sequence);
      const reading = await redis.read(key, own?.tags);
      tokens.end(token);
      if (reading === undefined) entry = memory.living(key);
      else {
        answeredByRedis = true;
        entry = reading.record && entryFromRecord(this.#state, key, reading.record, token);
        if (entry === undefined) {
          if (token.current) memory.delete(key);
        } else if (mayStore(this.#state, token, entry.tags)) memory.set(key, entry);
      }
    }
    if (entry === undefined || entry.staleUntil <= clock.now()) {
      counters.misses += 1;
      return undefined;
    }
    if (entry.freshUntil <= clock.now()) counters.staleHits += 1;
    else if (answeredByRedis) counters.redisHits += 1;
    else counters.memoryHits += 1;
    return entry;
  }
}

/**
 * A cache of its own: `createCache({ name: 'catalog', redis, ttlMs: 30_000 })`.
 * @throws TypeError or RangeError naming the option that is wrong, what was received and what is allowed
 */
export function createCache(options: CacheOptions): Cache {
  return new Cache(options);
}
