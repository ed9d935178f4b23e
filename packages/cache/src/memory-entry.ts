/** All in milliseconds of the cache's clock. */
export interface Lifetime {
  readonly freshUntil: number;
  /** Up to here it may be answered while it is refreshed in the background. */
  readonly staleUntil: number;
  /** Up to here it may be answered if loading fails. */
  readonly expiresAt: number;
  /** Past it, Redis is asked whether the value still holds. */
  readonly confirmedUntil: number;
}

/** A value with its times, as the memory level keeps it. */
export interface MemoryEntry extends Lifetime {
  readonly value: unknown;
  /** The earlier of fresh and confirmed: the one comparison of a hit. */
  readonly usableUntil: number;
  /** The sequence of tag invalidations up to which the tags are known to hold. */
  sequence: number;
  /** Handed to every awaited hit, so that a hit allocates nothing. */
  promise: Promise<unknown> | undefined;
  readonly tags: readonly string[] | undefined;
  /** The version under which Redis holds it; undefined when it was never meant for Redis. */
  readonly stamp: string | undefined;
  /** After a failed refresh: not before then again. */
  readonly retryAt: number;
  confirm(until: number): void;
  postpone(until: number): void;
}

/**
 * The entry of a cache that has nothing but memory, of a value without tags and without stale times: half the size of the other
 * one. Its first four fields lie where those of {@link FullEntry} lie, which is all that a hit looks at.
 */
export class PlainEntry implements MemoryEntry {
  readonly value: unknown;
  readonly usableUntil: number;
  sequence: number;
  promise: Promise<unknown> | undefined = undefined;

  constructor(value: unknown, expiresAt: number, sequence: number) {
    this.value = value;
    this.usableUntil = expiresAt;
    this.sequence = sequence;
  }

  get freshUntil(): number {
    return this.usableUntil;
  }

  get staleUntil(): number {
    return this.usableUntil;
  }

  get expiresAt(): number {
    return this.usableUntil;
  }

  get confirmedUntil(): number {
    return this.usableUntil;
  }

  get tags(): undefined {
    return undefined;
  }

  get stamp(): undefined {
    return undefined;
  }

  get retryAt(): number {
    return 0;
  }

  /** There is nobody who could confirm it. */
  confirm(): void {}

  /** It is never refreshed: when it is no longer fresh, it is gone. */
  postpone(): void {}
}

export class FullEntry implements MemoryEntry {
  readonly value: unknown;
  usableUntil: number;
  sequence: number;
  promise: Promise<unknown> | undefined = undefined;
  readonly freshUntil: number;
  readonly staleUntil: number;
  readonly expiresAt: number;
  confirmedUntil: number;
  retryAt = 0;
  readonly tags: readonly string[] | undefined;
  readonly stamp: string | undefined;

  constructor(
    value: unknown,
    lifetime: Lifetime,
    tags: readonly string[] | undefined,
    sequence: number,
    stamp?: string,
  ) {
    this.value = value;
    this.usableUntil = Math.min(lifetime.freshUntil, lifetime.confirmedUntil);
    this.sequence = sequence;
    this.freshUntil = lifetime.freshUntil;
    this.staleUntil = lifetime.staleUntil;
    this.expiresAt = lifetime.expiresAt;
    this.confirmedUntil = lifetime.confirmedUntil;
    this.tags = tags;
    this.stamp = stamp;
  }

  confirm(until: number): void {
    this.confirmedUntil = until;
    this.usableUntil = Math.min(this.freshUntil, until);
  }

  postpone(until: number): void {
    this.retryAt = until;
  }
}
