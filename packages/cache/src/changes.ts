import type { BusMessage } from './bus-messages.js';
import { newEntry, toSharedShape, ttlOf } from './entries.js';
import { CacheClosedError } from './errors.js';
import type { EntrySettings } from './options.js';
import type { CacheState } from './state.js';

/** A change of a key that Redis has not confirmed yet. */
interface Change {
  /** Another process changed it too, and which of the two was first is not known here. */
  contested: boolean;
}

/**
 * What the owner of the data says: set, delete, invalidate, clear. Each takes effect in this process at once, and a second time
 * when Redis has confirmed it, since between the two a read may have brought the older value back from Redis. What other
 * processes say arrives by the bus.
 */
export class Changes {
  readonly #state: CacheState;
  /** The last change of each key that is under way. */
  readonly #unconfirmed = new Map<string, Change>();

  constructor(state: CacheState) {
    this.#state = state;
    state.received = (message) => this.#heard(message);
  }

  async set(key: string, value: unknown, settings: EntrySettings): Promise<void> {
    this.#mustBeOpen();
    if (value === undefined)
      throw new TypeError('Cache: undefined cannot be cached; use delete(), or null for "there is none"');
    if (ttlOf(settings, value) === 0) return this.#remove([key]);
    const { memory, tags, redis } = this.#state;
    this.#forget(key);
    const shaped = toSharedShape(this.#state, key, value);
    const { entry, encoded } = newEntry(this.#state, shaped, settings, tags.sequence);
    memory.set(key, entry);
    if (redis === undefined) return;
    const change = this.#begin(key);
    const sequence = tags.sequence;
    const wanted = (): boolean =>
      this.#unconfirmed.get(key) === change && tags.holdSince(settings.tags, sequence);
    if (encoded === undefined) await redis.delete([key]);
    else if (!(await redis.set(key, encoded, wanted)) && this.#unconfirmed.get(key) === change) {
      // Its tag was invalidated before it could be sent: so it has to be, and so has what it replaces.
      await redis.delete([key]);
    }
    const confirmed = this.#confirm(key, change);
    if (confirmed === 'superseded') return;
    this.#state.tokens.revoke(key);
    if (confirmed === 'contested') memory.delete(key);
    else if (!memory.holds(key, entry) && memory.living(key) !== undefined) memory.set(key, entry);
  }

  async delete(keys: readonly string[]): Promise<void> {
    this.#mustBeOpen();
    this.#count(keys, [], false);
    return this.#remove(keys);
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

  #heard(message: BusMessage): void {
    if (this.#state.closed) return;
    if (message.kind === 'all') this.#empty();
    else if (message.kind === 'tags') this.#state.tags.invalidate(message.names);
    else if (message.kind === 'keys') {
      const { memory } = this.#state;
      for (const key of message.names) {
        this.#forget(key);
        const change = this.#unconfirmed.get(key);
        if (change !== undefined) change.contested = true;
        if (memory.stampOf(key) !== message.stamp) memory.delete(key);
      }
    }
  }

  async #remove(keys: readonly string[]): Promise<void> {
    const { memory, redis } = this.#state;
    for (const key of keys) {
      this.#forget(key);
      memory.delete(key);
    }
    if (redis === undefined || keys.length === 0) return;
    const changes = keys.map((key) => this.#begin(key));
    await redis.delete(keys);
    keys.forEach((key, index) => {
      const change = changes[index];
      if (change === undefined || this.#confirm(key, change) === 'superseded') return;
      this.#forget(key);
      memory.delete(key);
    });
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

  #begin(key: string): Change {
    const change = { contested: false };
    this.#unconfirmed.set(key, change);
    return change;
  }

  /** Superseded: a later change of the same key is under way, and will see to it. */
  #confirm(key: string, change: Change): 'confirmed' | 'contested' | 'superseded' {
    if (this.#unconfirmed.get(key) !== change) return 'superseded';
    this.#unconfirmed.delete(key);
    return change.contested ? 'contested' : 'confirmed';
  }

  #count(keys: readonly string[], tags: readonly string[], all: boolean): void {
    this.#state.counters.invalidations += 1;
    this.#state.emit('invalidate', { keys, tags, all });
  }

  #mustBeOpen(): void {
    if (this.#state.closed) throw new CacheClosedError(this.#state.settings.name);
  }
}
