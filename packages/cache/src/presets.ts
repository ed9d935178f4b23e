import type { CacheCalls } from './cache-calls.js';
import { type CachedFunction, type Definition, defineCached } from './cached-function.js';
import type { LoadContext } from './types.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What a preset leaves to say: how to load, and what differs from its defaults. */
export type Preset<Input, Value> = Partial<Omit<Definition<Input, Value>, 'key' | 'load'>> & {
  /** Begins the keys and the tags. */
  name: string;
  load: (input: Input, context: LoadContext) => Value | PromiseLike<Value>;
};

export type PresetId = string | number;
/** Anything that JSON can hold without loss; the key rejects with a TypeError for other things. Two inputs with the same fields have the same key, whatever the order of the fields. */
export type PresetQuery = object | string | number | null | undefined;

type Defaults<Input, Value> = Partial<Omit<Definition<Input, Value>, 'key' | 'load'>> & {
  key: (input: Input) => string;
};

function preset<Input, Value>(
  cache: CacheCalls,
  { name: _, ...own }: Preset<Input, Value>,
  defaults: Defaults<Input, Value>,
): CachedFunction<Input, Value> {
  return defineCached(cache, { ...defaults, ...own });
}

/** One row by its id. Tags: the name, and `name:id`. 5 minutes; stale for 1 more while it is refreshed, for 10 if that fails. */
export function entityById<Value, Input extends PresetId = PresetId>(
  cache: CacheCalls,
  own: Preset<Input, Value>,
) {
  return preset(cache, own, {
    key: (id) => `${own.name}:${id}`,
    tags: (id) => [own.name, `${own.name}:${id}`],
    ttlMs: 5 * MINUTE,
    nullTtlMs: 10 * SECOND,
    staleMs: MINUTE,
    staleIfErrorMs: 10 * MINUTE,
  });
}

/** A page of a list, by its filter, order and cursor. Tag: the name. 30 seconds, and as long stale. */
export function listPage<Input extends PresetQuery, Value>(cache: CacheCalls, own: Preset<Input, Value>) {
  return preset(cache, own, {
    key: (query) => `${own.name}:page:${stableKey(query)}`,
    tags: [own.name],
    ttlMs: 30 * SECOND,
    staleMs: 30 * SECOND,
    staleIfErrorMs: 5 * MINUTE,
  });
}

/** Results of a search. Texts that differ in case and spaces only are one. 1 minute. */
export function searchResults<Value>(cache: CacheCalls, own: Preset<string, Value>) {
  return preset(cache, own, {
    key: (text) => `${own.name}:search:${text.trim().replace(/\s+/gu, ' ').toLowerCase()}`,
    tags: [own.name],
    ttlMs: MINUTE,
    staleMs: MINUTE,
    staleIfErrorMs: 5 * MINUTE,
  });
}

/** How many there are: expensive, and seldom needed to the last one. 1 minute, stale for 5. */
export function countOf<Input extends PresetQuery>(cache: CacheCalls, own: Preset<Input, number>) {
  return preset(cache, own, {
    key: (query) => `${own.name}:count:${stableKey(query)}`,
    tags: [own.name],
    ttlMs: MINUTE,
    staleMs: 5 * MINUTE,
    staleIfErrorMs: 30 * MINUTE,
  });
}

/** Sums, averages, reports: 5 minutes, stale for 10, for an hour if the source fails. */
export function aggregate<Input extends PresetQuery, Value>(cache: CacheCalls, own: Preset<Input, Value>) {
  return preset(cache, own, {
    key: (query) => `${own.name}:aggregate:${stableKey(query)}`,
    tags: [own.name],
    ttlMs: 5 * MINUTE,
    staleMs: 10 * MINUTE,
    staleIfErrorMs: 60 * MINUTE,
  });
}

/** A session by its id. Never stale: who was logged out stays out. 1 minute; no session is remembered for 5 seconds. */
export function session<Value>(cache: CacheCalls, own: Preset<string, Value>) {
  return preset(cache, own, {
    key: (id) => `${own.name}:session:${id}`,
    tags: (id) => [`${own.name}:session:${id}`],
    ttlMs: MINUTE,
    nullTtlMs: 5 * SECOND,
    staleMs: 0,
    staleIfErrorMs: 0,
  });
}

/** What a user may do. Tags: the name (when roles change) and `name:user`. Never stale. 30 seconds. */
export function permissions<Value, Input extends PresetId = PresetId>(
  cache: CacheCalls,
  own: Preset<Input, Value>,
) {
  return preset(cache, own, {
    key: (user) => `${own.name}:permissions:${user}`,
    tags: (user) => [own.name, `${own.name}:${user}`],
    ttlMs: 30 * SECOND,
    staleMs: 0,
    staleIfErrorMs: 0,
  });
}

/** Settings, flags: read by every request, changed by hand. 1 minute, stale for 10, for a day if the source fails. */
export function configuration<Input extends PresetQuery, Value>(
  cache: CacheCalls,
  own: Preset<Input, Value>,
) {
  return preset(cache, own, {
    key: (query) => `${own.name}:configuration:${stableKey(query)}`,
    tags: [own.name],
    ttlMs: MINUTE,
    staleMs: 10 * MINUTE,
    staleIfErrorMs: 24 * 60 * MINUTE,
  });
}

/** What mostly is not there (a slug, a coupon, a blocked address): "there is none" is `null`, and kept for 1 minute; a find for 10 seconds. */
export function negativeLookup<Value, Input extends PresetId = PresetId>(
  cache: CacheCalls,
  own: Preset<Input, Value | null>,
) {
  return preset(cache, own, {
    key: (id) => `${own.name}:lookup:${id}`,
    tags: (id) => [own.name, `${own.name}:${id}`],
    ttlMs: 10 * SECOND,
    nullTtlMs: MINUTE,
    staleMs: 0,
  });
}

/** The answer of somebody else's API. 1 minute, stale for 5; after 2 seconds, or if it fails, the last one for up to a day. */
export function externalCall<Input extends PresetQuery, Value>(cache: CacheCalls, own: Preset<Input, Value>) {
  return preset(cache, own, {
    key: (query) => `${own.name}:call:${stableKey(query)}`,
    tags: [own.name],
    ttlMs: MINUTE,
    staleMs: 5 * MINUTE,
    staleIfErrorMs: 24 * 60 * MINUTE,
    softTimeoutMs: 2 * SECOND,
  });
}

/** A page, a fragment, a document as text. 1 minute, stale for 1, for an hour if rendering fails. */
export function renderedResponse<Input extends PresetQuery>(cache: CacheCalls, own: Preset<Input, string>) {
  return preset(cache, own, {
    key: (query) => `${own.name}:rendered:${stableKey(query)}`,
    tags: [own.name],
    ttlMs: MINUTE,
    staleMs: MINUTE,
    staleIfErrorMs: 60 * MINUTE,
  });
}

/**
 * The same text for the same fields, in whatever order they were given. `undefined` fields are as good as absent. What JSON would
 * silently make the same of (a Map and a Set, NaN and null) is refused, since it would share an answer.
 * @throws TypeError
 */
export function stableKey(query: unknown): string {
  return (
    JSON.stringify(query, (name, value: unknown) => {
      if (!hasText(value)) throw new TypeError(`Cache: "${name}" of a query has no form in a key`);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
    }) ?? ''
  );
}

function hasText(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return !['function', 'symbol', 'bigint'].includes(typeof value);
  return !(value instanceof Map || value instanceof Set || ArrayBuffer.isView(value));
}
