import { decodeJson, encodeJson } from './codec.js';
import type { LoadToken } from './load-tokens.js';
import { type Lifetime, MemoryEntry } from './memory-level.js';
import type { EntrySettings } from './options.js';
import {
  CODEC_JSON,
  type EncodedValue,
  newStamp,
  type StoredRecord,
  stampOf,
  type WallTimes,
} from './record.js';
import type { CacheState } from './state.js';

/** A value ready for both levels. Without `encoded` it is for memory alone. */
export interface NewEntry {
  readonly entry: MemoryEntry;
  readonly encoded: EncodedValue | undefined;
}

/** The shape that every caller gets: with Redis what JSON makes of the value, so that first and later callers see the same. */
export function toSharedShape(
  state: CacheState,
  key: string,
  value: unknown,
): { value: unknown; body: Buffer | undefined } {
  if (state.redis === undefined || value === undefined) return { value, body: undefined };
  try {
    const body = encodeJson(value);
    return { value: decodeJson(body), body };
  } catch (error) {
    // The load succeeded, so its callers get the value; it just cannot leave this process.
    state.emit('codecError', { key, error });
    return { value, body: undefined };
  }
}

export function newEntry(
  state: CacheState,
  shaped: { value: unknown; body: Buffer | undefined },
  settings: EntrySettings,
  sequence: number,
): NewEntry {
  const now = state.clock.now();
  const lifetime = lifetimeOf(state, settings, now);
  const { value, body } = shaped;
  if (body === undefined)
    return { entry: new MemoryEntry(value, lifetime, settings.tags, sequence), encoded: undefined };
  const stamp = newStamp(CODEC_JSON);
  return {
    entry: new MemoryEntry(value, lifetime, settings.tags, sequence, stampOf(stamp)),
    encoded: {
      stamp,
      times: toWallTimes(lifetime, now),
      lifetimeMs: lifetime.expiresAt - now,
      tags: settings.tags ?? [],
      body,
    },
  };
}

/** Brings what Redis holds into the memory level's form; undefined if its body cannot be read. */
export function entryFromRecord(
  state: CacheState,
  key: string,
  record: StoredRecord,
  token: LoadToken,
): MemoryEntry | undefined {
  const now = state.clock.now();
  const confirmedUntil = Math.floor(now + state.settings.memory.maxAgeMs);
  const known = state.memory.living(key);
  if (known !== undefined && known.stamp === record.stamp) {
    known.confirm(confirmedUntil);
    return known;
  }
  try {
    const lifetime = { ...fromWallTimes(record.times, now), confirmedUntil };
    const tags = record.tags.length === 0 ? undefined : record.tags;
    return new MemoryEntry(decodeJson(record.body), lifetime, tags, token.sequence, record.stamp);
  } catch (error) {
    state.emit('codecError', { key, error });
    return undefined;
  }
}

/** Whether nothing happened since the token was given that makes its holder's value old. */
export function mayStore(state: CacheState, token: LoadToken, tags: readonly string[] | undefined): boolean {
  return token.current && !state.closed && state.tags.holdSince(tags, token.sequence);
}

function lifetimeOf(state: CacheState, settings: EntrySettings, now: number): Lifetime {
  const { ttlJitterRatio, memory } = state.settings;
  const ttlMs = settings.ttlMs * (1 - ttlJitterRatio * Math.random());
  // Whole milliseconds, rounded down: small integers cost an entry nothing, and a value is never kept for too long.
  const freshUntil = Math.floor(now + ttlMs);
  const staleUntil = freshUntil + settings.staleMs;
  const expiresAt = Math.max(staleUntil, freshUntil + settings.staleIfErrorMs);
  // Without Redis there is nobody to ask.
  const confirmedUntil = state.redis === undefined ? expiresAt : Math.floor(now + memory.maxAgeMs);
  return { freshUntil, staleUntil, expiresAt, confirmedUntil };
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
