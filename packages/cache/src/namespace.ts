import { option, readOptions } from '@mainstay/core';
import { CacheCalls } from './cache-calls.js';
import { checkKey, listOf } from './options.js';
import type { EntryOptions, GetOrSetOptions, Loader } from './types.js';

/**
 * Stands before and after the names of a namespace ("unit separator"). No key of the whole cache may begin with it, and no name contain it:
 * so whatever is in a key, it belongs to one namespace alone.
 */
const SEPARATOR = '\u001f';
/** Between the names of namespaces within one another ("record separator"). */
const WITHIN = '\u001e';

/** Whether a key is that of a value in a namespace, which only the namespace itself may use. */
export function isInNamespace(key: unknown): key is string {
  return typeof key === 'string' && key.charCodeAt(0) === 0x1f;
}

/** The calls of the whole cache, for keys that begin like those of a namespace. */
export interface NamespaceHome {
  getOrSet<T>(key: string, load: Loader<T>, options: GetOrSetOptions | undefined): Promise<T>;
  getMaybe<T>(key: string, load: Loader<T>, options: GetOrSetOptions | undefined): T | Promise<T>;
  peek<T>(key: string): T | undefined;
  /** With the tags that the value is known to carry, so that they are read in the same round trip. */
  get(key: string, tags: readonly string[]): Promise<unknown>;
  set(key: string, value: unknown, options: EntryOptions): Promise<void>;
  deleteMany(keys: readonly string[]): Promise<void>;
  invalidateTags(...tags: string[]): Promise<void>;
}

/** Each value carries the tags of its namespaces, so that clearing one is a tag invalidation: one command, and fenced like it. */
export class Namespace extends CacheCalls {
  readonly name: string;
  readonly #home: NamespaceHome;
  readonly #prefix: string;
  readonly #tags: readonly string[];
  readonly #plain: { readonly tags: readonly string[] };

  readonly #names: readonly string[];

  constructor(
    home: NamespaceHome,
    name: string,
    outer?: { names: readonly string[]; tags: readonly string[] },
  ) {
    super();
    readOptions('Cache: namespace', { name }, { name: option.string({ maxLength: 100 }) });
    if (name.includes(SEPARATOR) || name.includes(WITHIN))
      throw new TypeError('Cache: a namespace name must not contain U+001F or U+001E');
    this.name = name;
    this.#home = home;
    this.#names = [...(outer?.names ?? []), name];
    this.#prefix = `${SEPARATOR}${this.#names.join(WITHIN)}${SEPARATOR}`;
    this.#tags = Object.freeze([...(outer?.tags ?? []), this.#prefix]);
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
    return this.#home.get(this.#prefix + key, this.#tags) as Promise<T | undefined>;
  }

  override async set(key: string, value: unknown, options?: EntryOptions): Promise<void> {
    checkKey(key);
    return this.#home.set(this.#prefix + key, value, this.#tagged(options));
  }

  override async deleteMany(keys: Iterable<string>): Promise<void> {
    const own = listOf(keys);
    for (const key of own) checkKey(key);
    return this.#home.deleteMany(own.map((key) => this.#prefix + key));
  }

  /** A namespace within this one: it is cleared with it. */
  override namespace(name: string): Namespace {
    return new Namespace(this.#home, name, { names: this.#names, tags: this.#tags });
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
