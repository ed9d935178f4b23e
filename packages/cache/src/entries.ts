import { DEFLATED, decompress } from './codec.js';
import { freezeDeep } from './freeze.js';
import type { LoadToken } from './load-tokens.js';
import { FullEntry, type Lifetime, type MemoryEntry, PlainEntry } from './memory-entry.js';
import type { EntrySettings } from './options.js';
import { type EncodedValue, newStamp, type StoredRecord, stampOf, type WallTimes } from './record.js';
import { fits, type Schema } from './schema.js';
import type { CacheState } from './state.js';

/** A value ready for both levels. Without `encoded` it is for memory alone. */
export interface NewEntry {
  readonly entry: MemoryEntry;
  readonly encoded: EncodedValue | undefined;
}

/** The shape that every caller gets: with Redis what the codec makes of the value, so that first and later callers see the same. */
export function toSharedShape(
  state: CacheState,
  key: string,
  value: unknown,
): { value: unknown; body: Buffer | undefined } {
  const { redis, freeze, maxEntryBytes = Number.POSITIVE_INFINITY } = state.settings;
  const shape = freeze ? freezeDeep : <T>(shaped: T): T => shaped;
  if (redis === undefined || value === undefined) return { value: shape(value), body: undefined };
  try {
    const body = redis.codec.encode(value);
    const shared = shape(redis.codec.decode(body));
    return { value: shared, body: body.length > maxEntryBytes ? undefined : body };
  } catch (error) {
    // The load succeeded, so its callers get the value; it just cannot leave this process.
    state.emit('codecError', { key, error });
    return { value: shape(value), body: undefined };
  }
}

export function newEntry(
  state: CacheState,
  shaped: { value: unknown; body: Buffer | undefined },
  settings: EntrySettings,
  sequence: number,
): NewEntry {
  const now = state.clock.now();
  const lifetime = lifetimeOf(state, settings, shaped.value, now, sequence);
  const { value, body } = shaped;
  const { redis } = state.settings;
  if (body === undefined || redis === undefined) {
    const plain =
      redis === undefined && settings.tags === undefined && lifetime.freshUntil === lifetime.expiresAt;
    const entry = plain
      ? new PlainEntry(value, lifetime.expiresAt, sequence)
      : new FullEntry(value, lifetime, settings.tags, sequence);
    return { entry, encoded: undefined };
  }
  const stamp = newStamp(redis.codec.id | (body.length >= redis.compressFromBytes ? DEFLATED : 0));
  return {
    entry: new FullEntry(value, lifetime, settings.tags, sequence, stampOf(stamp)),
    encoded: {
      stamp,
      times: toWallTimes(lifetime, now),
      lifetimeMs: lifetime.expiresAt - now,
      tags: settings.tags ?? [],
      body,
    },
  };
}

/**
 * Brings what Redis holds into the memory level's form; undefined if it cannot be read, or has another shape than it should. A promise
 * only where something has to be waited for: most hits need none.
 */
export function entryFromRecord(
  state: CacheState,
  key: string,
  record: StoredRecord,
  token: LoadToken,
  schema: Schema | undefined,
): MemoryEntry | undefined | Promise<MemoryEntry | undefined> {
  const known = state.memory.living(key);
  if (known !== undefined && known.stamp === record.stamp) {
    known.confirm(confirmedUntil(state, state.clock.now(), token.sequence));
    return known;
  }
  const unreadable = (error: unknown): undefined => {
    state.emit('codecError', { key, error });
  };
  try {
    const decoded = decode(state, record);
    if (decoded === undefined) return undefined;
    if (decoded instanceof Promise || schema !== undefined)
      return checked(state, record, token, schema, decoded).catch(unreadable);
    return entryOf(state, record, token, decoded.value);
  } catch (error) {
    return unreadable(error);
  }
}

async function checked(
  state: CacheState,
  record: StoredRecord,
  token: LoadToken,
  schema: Schema | undefined,
  decoded: Promise<unknown> | { value: unknown },
): Promise<MemoryEntry | undefined> {
  const value = decoded instanceof Promise ? await decoded : decoded.value;
  if (schema !== undefined && !(await fits(schema, value))) return undefined;
  return entryOf(state, record, token, value);
}

function entryOf(state: CacheState, record: StoredRecord, token: LoadToken, value: unknown): MemoryEntry {
  const now = state.clock.now();
  const lifetime: Lifetime = {
    ...fromWallTimes(record.times, now),
    confirmedUntil: confirmedUntil(state, now, token.sequence),
  };
  const tags = record.tags.length === 0 ? undefined : record.tags;
  if (state.settings.freeze) freezeDeep(value);
  return new FullEntry(value, lifetime, tags, token.sequence, record.stamp);
}

/** Undefined: of a codec that is not ours. A promise for what zlib inflates off the loop. */
function decode(
  state: CacheState,
  { codec, body }: StoredRecord,
): Promise<unknown> | { value: unknown } | undefined {
  const own = state.settings.redis?.codec;
  if (own === undefined || (codec & ~DEFLATED) !== own.id) return undefined;
  if ((codec & DEFLATED) === 0) return { value: own.decode(body) };
  const inflated = decompress(body);
  return inflated instanceof Promise
    ? inflated.then((bytes) => own.decode(bytes))
    : { value: own.decode(inflated) };
}

/** Whether nothing happened since the token was given that makes its holder's value old. */
export function mayStore(state: CacheState, token: LoadToken, tags: readonly string[] | undefined): boolean {
  return token.current && !state.closed && state.tags.holdSince(tags, token.sequence);
}

/** Until when memory may answer without asking Redis: while the bus is sound, until a message says otherwise. */
function confirmedUntil({ redis, tags, settings }: CacheState, now: number, sequence: number): number {
  // What was begun before the last gap may be older than a message that was lost in it.
  if (redis?.bus?.trusted === true && tags.trustedSince(sequence)) return Number.POSITIVE_INFINITY;
  return Math.floor(now + settings.maxStaleMs);
}

export function ttlOf(settings: EntrySettings, value: unknown): number {
  return value === null ? (settings.nullTtlMs ?? settings.ttlMs) : settings.ttlMs;
}

function lifetimeOf(
  state: CacheState,
  settings: EntrySettings,
  value: unknown,
  now: number,
  sequence: number,
): Lifetime {
  const ttlMs = ttlOf(settings, value) * (1 - state.settings.ttlJitterRatio * Math.random());
  // Whole milliseconds, rounded down: small integers cost an entry nothing, and a value is never kept for too long.
  const freshUntil = Math.floor(now + ttlMs);
  const staleUntil = freshUntil + settings.staleMs;
  const expiresAt = Math.max(staleUntil, freshUntil + settings.staleIfErrorMs);
  // Without Redis there is nobody to ask.
  const confirmed = state.redis === undefined ? expiresAt : confirmedUntil(state, now, sequence);
  return { freshUntil, staleUntil, expiresAt, confirmedUntil: confirmed };
}

function toWallTimes(lifetime: Lifetime, now: number): WallTimes {
  const shift = Date.now() - now;
  return {
    freshUntil: lifetime.freshUntil + shift,
    staleUntil: lifetime.staleUntil + shift,
    expiresAt: lifetime.expiresAt + shift,
  };
}

/**
 * Redis itself ends a value's life, so one that is there lives, whatever a clock says: only where a value has a stale time do
 * the clocks of writer and reader decide when it begins.
 */
function fromWallTimes(times: WallTimes, now: number): WallTimes {
  const shift = now - Date.now();
  const expiresAt = Math.floor(Math.max(times.expiresAt + shift, now + 1));
  if (times.freshUntil === times.expiresAt)
    return { freshUntil: expiresAt, staleUntil: expiresAt, expiresAt };
  return {
    freshUntil: Math.floor(times.freshUntil + shift),
    staleUntil: Math.floor(times.staleUntil + shift),
    expiresAt,
  };
}
