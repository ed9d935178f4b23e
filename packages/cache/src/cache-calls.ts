import { type CachedFunction, type Definition, defineCached } from './cached-function.js';
import { LoadBatch, type ManyLoader } from './many.js';
import { listOf } from './options.js';
import type { EntryOptions, GetOrSetOptions, Loader } from './types.js';
import { type WarmOptions, type WarmResult, warmEach } from './warm.js';

/** What `warm` brings in. */
export interface WarmItem extends GetOrSetOptions {
  key: string;
  load: Loader<unknown>;
}

/** What a whole cache and one of its namespaces have in common. */
export abstract class CacheCalls {
  /**
   * The cached value, else what the loader brings. Callers for the same key share one load, its failure too. Options are read
   * when a load begins; who joins one shares its options.
   * @returns rejects with the loader's error, CacheLoadTimeoutError, CacheBusyError, CacheClosedError, the signal's reason, and with
   *   TypeError or RangeError for a wrong key or option; it never throws. Redis being away is no error.
   */
  abstract getOrSet<T>(key: string, load: Loader<T>, options?: GetOrSetOptions): Promise<T>;

  /** Like {@link getOrSet}, but what memory holds is returned as it is, without a promise: for hot code that looks at the type. */
  abstract getMaybe<T>(key: string, load: Loader<T>, options?: GetOrSetOptions): T | Promise<T>;

  /** What memory holds and may answer without asking Redis, else undefined. Is not counted and does not keep the value from eviction. */
  abstract peek<T = unknown>(key: string): T | undefined;

  /** The value from memory or Redis, fresh or within its stale time; undefined if there is none. Loads nothing. */
  abstract get<T = unknown>(key: string): Promise<T | undefined>;

  /**
   * Stores a value. `undefined` is refused with a TypeError; a `ttlMs` of 0 deletes.
   *
   * Resolves when Redis has it; while Redis is away, within its timeout, and Redis loses the older value as soon as it is back.
   */
  abstract set(key: string, value: unknown, options?: EntryOptions): Promise<void>;

  /** Deletes many keys: one command for 500. Resolves like {@link delete}. */
  abstract deleteMany(keys: Iterable<string>): Promise<void>;

  /** A part of the cache with keys of its own, that can be cleared alone. */
  abstract namespace(name: string): CacheCalls;

  /** The key under which the cache knows what is called so here. */
  protected abstract fullKey(key: string): string;

  /** Resolves when Redis has deleted it; while Redis is away, within its timeout, and Redis is told as soon as it is back. */
  async delete(key: string): Promise<void> {
    return this.deleteMany([key]);
  }

  /** Whether {@link get} would find a value. Counts like it. */
  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  /**
   * The values in the order of the keys: one read command for all that memory does not have. What no level has is fetched by one
   * call of `loadMany` (another one for keys whose turn comes later); keys that are being loaded already are waited for. Without `loadMany` they are `undefined`.
   */
  getMany<T = unknown>(keys: Iterable<string>): Promise<(T | undefined)[]>;
  getMany<T>(
    keys: Iterable<string>,
    loadMany: ManyLoader<T>,
    options?: GetOrSetOptions,
  ): Promise<(T | undefined)[]>;
  async getMany<T>(
    keys: Iterable<string>,
    loadMany?: ManyLoader<T>,
    options?: GetOrSetOptions,
  ): Promise<(T | undefined)[]> {
    if (loadMany === undefined) return Promise.all(listOf(keys).map((key) => this.get<T>(key)));
    const all = listOf(keys);
    const distinct = [...new Set(all)];
    const prefixLength = this.fullKey('').length;
    const batch = new LoadBatch(
      loadMany as ManyLoader<unknown>,
      (key) => key.slice(prefixLength),
      distinct.length,
    );
    const load = batch.load as Loader<T | undefined>;
    const values = distinct.map(async (key): Promise<[string, T | undefined]> => {
      let asked = false;
      const value = this.getOrSet<T | undefined>(
        key,
        (context) => {
          asked = true;
          return load(context);
        },
        options,
      );
      return [
        key,
        await value.finally(() => {
          if (!asked) batch.decided();
        }),
      ];
    });
    const byKey = new Map(await Promise.all(values));
    return all.map((key) => byKey.get(key));
  }

  /** Stores many values, with the same options, in one go. */
  async setMany(
    entries: Iterable<readonly [key: string, value: unknown]>,
    options?: EntryOptions,
  ): Promise<void> {
    await Promise.all(listOf(entries).map(([key, value]) => this.set(key, value, options)));
  }

  /** Loads what is not there yet, a few at once, for instance before a process takes requests. Failures do not stop it. */
  warm(items: Iterable<WarmItem> | AsyncIterable<WarmItem>, options?: WarmOptions): Promise<WarmResult> {
    return warmEach(
      items,
      ({ key, load, ...own }, signal) =>
        this.getOrSet(key, load, signal === undefined ? own : { signal, ...own }),
      options,
    );
  }

  /** A function whose answers are cached: `const product = cache.define({ key: (id: number) => `product:${id}`, load, ttlMs })`. */
  define<Input, Value>(definition: Definition<Input, Value>): CachedFunction<Input, Value> {
    return defineCached(this, definition);
  }
}
