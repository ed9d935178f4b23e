import { Events, invalidOption, type Listener } from '@mainstay/core';
import { CacheCalls } from './cache-calls.js';
import { Changes } from './changes.js';
import { CacheClosedError } from './errors.js';
import { LoadPath } from './load-path.js';
import type { MemoryLevel } from './memory-level.js';
import { isInNamespace, Namespace, type NamespaceHome } from './namespace.js';
import { checkKey, checkTags, EntryOptionsReader, listOf, readCacheOptions } from './options.js';
import { Reads } from './reads.js';
import { CacheState, type Counters } from './state.js';
import { statisticsOf } from './statistics.js';
import type {
  CacheEvents,
  CacheOptions,
  CacheStats,
  EntryOptions,
  GetOrSetOptions,
  Loader,
} from './types.js';

const EVENTS: ReadonlySet<keyof CacheEvents> = new Set([
  'load',
  'loadError',
  'invalidate',
  'redisAway',
  'redisUp',
  'codecError',
] as const);

/**
 * Memory, then Redis, then your loader. Made with {@link createCache}.
 *
 * A `delete`, `set`, `invalidateTags` or `clear` always beats a load that began before it: the load's callers get its result, but
 * it is not stored. Keys are strings of at least one character and of any length, that do not begin with U+001F.
 */
export class Cache extends CacheCalls implements AsyncDisposable {
  readonly kind = 'cache';
  readonly name: string;
  readonly #state: CacheState;
  /** The parts of the state that a hit touches. */
  readonly #memory: MemoryLevel;
  readonly #counters: Counters;
  readonly #options: EntryOptionsReader;
  readonly #loads: LoadPath;
  readonly #reads: Reads;
  readonly #changes: Changes;
  #inside: NamespaceHome | undefined;

  /** @throws TypeError or RangeError naming the option that is wrong, what was received and what is allowed */
  constructor(options: CacheOptions) {
    super();
    const settings = readCacheOptions(options);
    this.name = settings.name;
    this.#state = new CacheState(settings);
    this.#memory = this.#state.memory;
    this.#counters = this.#state.counters;
    this.#options = new EntryOptionsReader(settings);
    this.#loads = new LoadPath(this.#state, this.#options);
    this.#reads = new Reads(this.#state);
    this.#changes = new Changes(this.#state);
  }

  override getOrSet<T>(key: string, load: Loader<T>, options?: GetOrSetOptions): Promise<T> {
    return isInNamespace(key) ? Promise.reject(foreignKey(key)) : this.#getOrSet(key, load, options);
  }

  override getMaybe<T>(key: string, load: Loader<T>, options?: GetOrSetOptions): T | Promise<T> {
    return isInNamespace(key) ? Promise.reject(foreignKey(key)) : this.#getMaybe(key, load, options);
  }

  override peek<T = unknown>(key: string): T | undefined {
    return isInNamespace(key) ? undefined : this.#peek<T>(key);
  }

  override async get<T = unknown>(key: string): Promise<T | undefined> {
    checkOwnKey(key);
    return this.#get(key, undefined) as Promise<T | undefined>;
  }

  override async set(key: string, value: unknown, options?: EntryOptions): Promise<void> {
    checkOwnKey(key);
    return this.#changes.set(key, value, this.#options.read(options));
  }

  override async deleteMany(keys: Iterable<string>): Promise<void> {
    const all = listOf(keys);
    for (const key of all) checkOwnKey(key);
    return this.#changes.delete(all);
  }

  #getOrSet<T>(key: string, load: Loader<T>, options: GetOrSetOptions | undefined): Promise<T> {
    const entry = key === this.#loads.latestKey ? undefined : this.#memory.usable(key);
    if (entry === undefined) return this.#loads.promise(key, load, options) as Promise<T>;
    this.#counters.memoryHits += 1;
    entry.promise ??= Promise.resolve(entry.value);
    return entry.promise as Promise<T>;
  }

  #getMaybe<T>(key: string, load: Loader<T>, options: GetOrSetOptions | undefined): T | Promise<T> {
    const entry = this.#memory.usable(key);
    if (entry === undefined) return this.#loads.find(key, load, options) as T | Promise<T>;
    this.#counters.memoryHits += 1;
    return entry.value as T;
  }

  #peek<T>(key: string): T | undefined {
    return this.#memory.peek(key)?.value as T | undefined;
  }

  /** Makes every value void that carries one of the tags: one command however many values they are. Resolves like {@link delete}. */
  async invalidateTags(...tags: string[]): Promise<void> {
    return this.#changes.invalidateTags(checkTags(tags));
  }

  /** Makes every value of this cache void, or of one namespace, here and in Redis: one command. Resolves like {@link delete}. */
  async clear(namespace?: string): Promise<void> {
    return namespace === undefined ? this.#changes.clear() : this.namespace(namespace).clear();
  }

  override namespace(name: string): Namespace {
    this.#inside ??= {
      getOrSet: (key, load, options) => this.#getOrSet(key, load, options),
      getMaybe: (key, load, options) => this.#getMaybe(key, load, options),
      peek: (key) => this.#peek(key),
      get: (key, tags) => this.#get(key, tags),
      set: async (key, value, options) => this.#changes.set(key, value, this.#options.read(options)),
      deleteMany: (keys) => this.#changes.delete(keys),
      invalidateTags: (...tags) => this.invalidateTags(...tags),
    };
    return new Namespace(this.#inside, name);
  }

  /** @returns removes the listener */
  on<K extends keyof CacheEvents>(event: K, listener: Listener<CacheEvents[K]>): () => void {
    if (!EVENTS.has(event)) throw new TypeError(`Cache: there is no event "${String(event)}"`);
    this.#state.events ??= new Events<CacheEvents>();
    return this.#state.events.on(event, listener);
  }

  /** Counters grow for the life of the cache; `entries`, `bytes` and the states are read at this moment. */
  stats(): CacheStats {
    return statisticsOf(this.#state);
  }

  /**
   * Aborts all loads and rejects who waits for them with CacheClosedError, empties memory and waits for what is just
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

  protected override fullKey(key: string): string {
    return key;
  }

  async #get(key: string, tags: readonly string[] | undefined): Promise<unknown> {
    const entry = this.#memory.usable(key);
    if (entry !== undefined) {
      this.#counters.memoryHits += 1;
      return entry.value;
    }
    checkKey(key);
    if (this.#state.closed) throw new CacheClosedError(this.name);
    return (await this.#reads.read(key, tags))?.value;
  }
}

function checkOwnKey(key: unknown): void {
  checkKey(key);
  if (isInNamespace(key)) throw foreignKey(key);
}

/** What is in a namespace is reached by it alone, whoever makes up the keys. */
function foreignKey(key: string): TypeError {
  return invalidOption('Cache', 'key', 'must not begin with U+001F, which is for namespaces', key);
}

/**
 * A cache of its own: `createCache({ name: 'catalog', redis, ttlMs: 30_000 })`.
 * @throws TypeError or RangeError naming the option that is wrong, what was received and what is allowed
 */
export function createCache(options: CacheOptions): Cache {
  return new Cache(options);
}
