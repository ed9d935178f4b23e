import type { Clock, Histogram } from '@mainstay/core';
import { LRUCache } from 'lru-cache';
import { approximateBytes } from './approximate-bytes.js';
import type { MemoryEntry } from './memory-entry.js';
import type { TagInvalidations } from './tag-invalidations.js';

export interface MemoryLevelOptions {
  /** False: nothing is kept. */
  enabled: boolean;
  maxEntryBytes?: number | undefined;
  maxEntries: number;
  maxBytes?: number | undefined;
  sizeOf?: ((value: unknown, key: string) => number) | undefined;
  /** `sizeOf` threw: the value is not kept. */
  unweighable: (key: string, error: unknown) => void;
}

/** The first level: lru-cache, with our own expiry (lru-cache reads a clock for each hit; we share one reading per turn). */
export class MemoryLevel {
  evictions = 0;
  readonly #entries: LRUCache<string, MemoryEntry>;
  readonly #tags: TagInvalidations;
  readonly #clock: Clock;
  readonly #weighs: boolean;
  readonly #enabled: boolean;
  readonly #maxEntryBytes: number | undefined;
  readonly #sizeOf: ((value: unknown, key: string) => number) | undefined;
  readonly #unweighable: (key: string, error: unknown) => void;

  constructor(options: MemoryLevelOptions, tags: TagInvalidations, clock: Clock) {
    this.#tags = tags;
    this.#clock = clock;
    this.#sizeOf =
      options.maxBytes === undefined && options.maxEntryBytes === undefined
        ? undefined
        : (options.sizeOf ?? approximateBytes);
    this.#weighs = options.maxBytes !== undefined;
    this.#enabled = options.enabled;
    this.#maxEntryBytes = options.maxEntryBytes;
    this.#unweighable = options.unweighable;
    this.#entries = new LRUCache<string, MemoryEntry>({
      max: options.maxEntries,
      ...(options.maxBytes === undefined ? {} : { maxSize: options.maxBytes }),
      dispose: (_entry, _key, reason) => {
        if (reason === 'evict') this.evictions += 1;
      },
    });
  }

  /** The entry if it can be answered as it is, without asking anybody. */
  usable(key: string): MemoryEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.usableUntil <= this.#clock.coarseNow()) return undefined;
    return entry.sequence === this.#tags.sequence || this.#stillUsable(key, entry) ? entry : undefined;
  }

  /** The entry as long as it lives at all: perhaps stale, perhaps to be confirmed. */
  living(key: string): MemoryEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !this.#tagsHold(key, entry)) return undefined;
    if (entry.expiresAt > this.#clock.now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  /** Like {@link usable}, without being noticed by the eviction. */
  peek(key: string): MemoryEntry | undefined {
    const entry = this.#entries.peek(key);
    if (entry === undefined || entry.usableUntil <= this.#clock.coarseNow()) return undefined;
    const { tags, sequence } = entry;
    return this.#tags.trustedSince(sequence) && this.#tags.holdSince(tags, sequence) ? entry : undefined;
  }

  stampOf(key: string): string | undefined {
    return this.#entries.peek(key)?.stamp;
  }

  holds(key: string, entry: MemoryEntry): boolean {
    return this.#entries.peek(key) === entry;
  }

  set(key: string, entry: MemoryEntry): void {
    if (!this.#enabled) return;
    if (this.#sizeOf === undefined) {
      this.#entries.set(key, entry);
      return;
    }
    const size = this.#sizeInBytes(key, entry.value);
    // Too large to be kept: the older value must not outlive it.
    if (size > (this.#maxEntryBytes ?? Number.POSITIVE_INFINITY)) this.#entries.delete(key);
    else this.#entries.set(key, entry, this.#weighs ? { size } : undefined);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** 0 without `maxBytes`: then nothing is measured. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  #stillUsable(key: string, entry: MemoryEntry): boolean {
    return this.#tagsHold(key, entry) && entry.usableUntil > this.#clock.coarseNow();
  }

  #tagsHold(key: string, entry: MemoryEntry): boolean {
    if (this.#tags.holdSince(entry.tags, entry.sequence)) {
      if (!this.#tags.trustedSince(entry.sequence)) entry.confirm(Number.NEGATIVE_INFINITY);
      entry.sequence = this.#tags.sequence;
      return true;
    }
    this.#entries.delete(key);
    return false;
  }

  /** Larger than any limit where it cannot be told. */
  #sizeInBytes(key: string, value: unknown): number {
    try {
      const size = this.#sizeOf?.(value, key) ?? 0;
      return Number.isFinite(size) ? Math.max(1, Math.ceil(size)) : Number.MAX_SAFE_INTEGER;
    } catch (error) {
      this.#unweighable(key, error);
      return Number.MAX_SAFE_INTEGER;
    }
  }
}

/** Times its hits. A class of its own, so that a hit that nobody times costs nothing for it. */
export class TimedMemoryLevel extends MemoryLevel {
  readonly #latency: Histogram;

  constructor(options: MemoryLevelOptions, tags: TagInvalidations, clock: Clock, latency: Histogram) {
    super(options, tags, clock);
    this.#latency = latency;
  }

  override usable(key: string): MemoryEntry | undefined {
    const startedAt = performance.now();
    const entry = super.usable(key);
    if (entry !== undefined) this.#latency.record(performance.now() - startedAt);
    return entry;
  }
}
