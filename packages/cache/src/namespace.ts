import { option, readOptions } from '@mainstay/core';
import { CacheCalls } from './cache-calls.js';
import { checkKey } from './options.js';
import type { EntryOptions, GetOrSetOptions, Loader } from './types.js';

/** Stands between a namespace's name and a key, and no key of the whole cache has reason to contain it: "unit separator". */
const SEPARATOR = '\u001f';

/** What a namespace needs of its cache. */
interface NamespaceHome extends CacheCalls {
  invalidateTags(...tags: string[]): Promise<void>;
}

/** `get`, with the tags that the value is known to carry, so that they are read in the same round trip. */
type GetTagged = (key: string, tags: readonly string[]) => Promise<unknown>;

/** Each value carries the tags of its namespaces, so that clearing one is a tag invalidation: one command, and fenced like it. */
export class Namespace extends CacheCalls {
  readonly name: string;
  readonly #home: NamespaceHome;
  readonly #get: GetTagged;
  readonly #prefix: string;
  readonly #tags: readonly string[];
  readonly #plain: { readonly tags: readonly string[] };

  constructor(
    home: NamespaceHome,
    get: GetTagged,
    name: string,
    outer?: { prefix: string; tags: readonly string[] },
  ) {
    super();
    readOptions('Cache: namespace', { name }, { name: option.string({ maxLength: 100 }) });
    if (name.includes(SEPARATOR)) throw new TypeError('Cache: a namespace name must not contain U+001F');
    this.name = name;
    this.#home = home;
    this.#get = get;
    this.#prefix = `${outer?.prefix ?? ''}${name}${SEPARATOR}`;
    this.#tags = Object.freeze([...(outer?.tags ?? []), `${SEPARATOR}${this.#prefix}`]);
    this.#plain = Object.freeze({ tags: this.#tags });
  }

  override getOrSet<T>(key: string, load: Loader<T>, options?: GetOrSetOptions): Promise<T> {
    if (typeof key !== 'string' || key === '') return this.#home.getOrSet(key, load, options);
    return this.#home.getOrSet(this.#prefix + key, load, this.#tagged(options));
  }

  override getMaybe<T>(key: string, load: Loader<T>, options?: GetOrSetOptions): T | Promise<T> {
    if (typeof key !== 'string' || key === '') return this.#home.getMaybe(key, load, options);
    return this.#home.getMaybe(this.#prefix + key, load, this.#tagged(options));
  }

  override peek<T = unknown>(key: string): T | undefined {
    return this.#home.peek<T>(this.#prefix + key);
  }

  override async get<T = unknown>(key: string): Promise<T | undefined> {
    checkKey(key);
    return this.#get(this.#prefix + key, this.#tags) as Promise<T | undefined>;
  }

  override async set(key: string, value: unknown, options?: EntryOptions): Promise<void> {
    checkKey(key);
    return this.#home.set(this.#prefix + key, value, this.#tagged(options));
  }

  override async deleteMany(keys: Iterable<string>): Promise<void> {
    const own = [...keys];
    for (const key of own) checkKey(key);
    return this.#home.deleteMany(own.map((key) => this.#prefix + key));
  }

  /** A namespace within this one: it is cleared with it. */
  override namespace(name: string): Namespace {
    return new Namespace(this.#home, this.#get, name, { prefix: this.#prefix, tags: this.#tags });
  }

  /** Makes all its values void, here and in Redis: one command, however many they are. */
  async clear(): Promise<void> {
    const own = this.#tags.at(-1);
    if (own !== undefined) await this.#home.invalidateTags(own);
  }

  protected override fullKey(key: string): string {
    return this.#prefix + key;
  }

  #tagged<O extends EntryOptions>(options: O | undefined): O | { readonly tags: readonly string[] } {
    if (options === undefined) return this.#plain;
    const { tags } = options;
    return { ...options, tags: Array.isArray(tags) ? [...tags, ...this.#tags] : (tags ?? this.#tags) };
  }
}
