import { type StoredRecord, stampOf } from './record.js';

/** What stood in Redis before a load: the load's result is stored only if it still does. */
export interface Captured {
  readonly stamp: string;
  /** Of the whole cache, then of each tag; '' where there was none. */
  readonly versions: readonly string[];
}

export class RedisReading {
  /** Undefined: there is none, or it was deleted, or one of its tags was invalidated. */
  readonly record: StoredRecord | undefined;
  /** When it was asked for, on the cache's clock: what follows from it must not cost more than one timeout together with it. */
  readonly startedAt: number;
  readonly #raw: Buffer | null;
  readonly #versions: readonly (Buffer | null)[];
  #captured: Captured | undefined;

  constructor(
    record: StoredRecord | undefined,
    raw: Buffer | null,
    versions: readonly (Buffer | null)[],
    startedAt: number,
  ) {
    this.record = record;
    this.startedAt = startedAt;
    this.#raw = raw;
    this.#versions = versions;
  }

  /** Only a load asks for it, not a hit. */
  get captured(): Captured {
    this.#captured ??= {
      stamp: stampOf(this.#raw),
      versions: this.#versions.map((version) => version?.toString('latin1') ?? ''),
    };
    return this.#captured;
  }
}
