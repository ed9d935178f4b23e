import { newEntry, toSharedShape } from './entries.js';
import { CacheClosedError } from './errors.js';
import type { EntrySettings } from './options.js';
import type { CacheState } from './state.js';

/**
 * What the owner of the data says: set, delete, invalidate, clear. Each takes effect in this process at once, and a second time
 * when Redis has confirmed it, since between the two a read may have brought the older value back from Redis.
 */
export class Changes {
  readonly #state: CacheState;
  /** The last change of a key that Redis has not confirmed yet. */
  readonly #unconfirmed = new Map<string, symbol>();

  constructor(state: CacheState) {
    this.#state = state;
  }

  async set(key: string, value: unknown, settings: EntrySettings): Promise<void> {
    this.#mustBeOpen();
    if (value === undefined)
      throw new TypeError('Cache: undefined cannot be cached; use delete(), or null for "there is none"');
    if (settings.ttlMs === 0) return this.#remove(key);
    const { memory, tags, redis } = this.#state;
    this.#forget(key);
    const { entry, encoded } = newEntry(
      this.#state,
      toSharedShape(this.#state, key, value),
      settings,
      tags.sequence,
    );
    memory.set(key, entry);
    if (redis === undefined) return;
    const change = this.#begin(key);
    await (encoded === undefined ? redis.delete(key) : redis.set(key, encoded));
    if (!this.#confirm(key, change)) return;
    this.#state.tokens.revoke(key);
    if (!memory.holds(key, entry) && memory.living(key) !== undefined) memory.set(key, entry);
  }

  async delete(key: string): Promise<void> {
    this.#mustBeOpen();
    this.#count([key], [], false);
    return this.#remove(key);
  }

  async invalidateTags(tags: readonly string[]): Promise<void> {
    this.#mustBeOpen();
    this.#count([], tags, false);
    if (tags.length === 0) return;
    this.#state.tags.invalidate(tags);
    if (this.#state.redis === undefined) return;
    await this.#state.redis.invalidate(tags);
    this.#state.tags.invalidate(tags);
  }

  async clear(): Promise<void> {
    this.#mustBeOpen();
    this.#count([], [], true);
    this.#empty();
    if (this.#state.redis === undefined) return;
    await this.#state.redis.invalidateAll();
    this.#empty();
  }

  async #remove(key: string): Promise<void> {
    const { memory, redis } = this.#state;
    this.#forget(key);
    memory.delete(key);
    if (redis === undefined) return;
    const change = this.#begin(key);
    await redis.delete(key);
    if (!this.#confirm(key, change)) return;
    this.#forget(key);
    memory.delete(key);
  }

  #forget(key: string): void {
    this.#state.tokens.revoke(key);
    this.#state.failures.delete(key);
  }

  #empty(): void {
    this.#state.tokens.revokeAll();
    this.#state.failures.clear();
    this.#state.memory.clear();
    this.#unconfirmed.clear();
  }

  #begin(key: string): symbol {
    const change = Symbol('change');
    this.#unconfirmed.set(key, change);
    return change;
  }

  /** False: a later change of the same key is under way, and will see to it. */
  #confirm(key: string, change: symbol): boolean {
    if (this.#unconfirmed.get(key) !== change) return false;
    this.#unconfirmed.delete(key);
    return true;
  }

  #count(keys: readonly string[], tags: readonly string[], all: boolean): void {
    this.#state.counters.invalidations += 1;
    this.#state.emit('invalidate', { keys, tags, all });
  }

  #mustBeOpen(): void {
    if (this.#state.closed) throw new CacheClosedError(this.#state.settings.name);
  }
}
