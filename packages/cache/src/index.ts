export { Cache, createCache } from './cache.js';
export type { CacheCalls, WarmItem } from './cache-calls.js';
export type { CachedFunction, Definition } from './cached-function.js';
export { type Codec, jsonCodec, type MessagePacker, msgpackCodec } from './codec.js';
export {
  CacheBusyError,
  CacheClosedError,
  CacheLoadTimeoutError,
  isCacheBusyError,
  isCacheClosedError,
  isCacheLoadTimeoutError,
} from './errors.js';
export type { LoadManyContext, ManyLoader, ManyValues } from './many.js';
export type { Namespace } from './namespace.js';
export {
  aggregate,
  configuration,
  countOf,
  entityById,
  externalCall,
  listPage,
  negativeLookup,
  type Preset,
  type PresetId,
  type PresetQuery,
  permissions,
  renderedResponse,
  searchResults,
  session,
} from './presets.js';
export type { RedisClient } from './redis-client.js';
export type { Schema, SchemaResult } from './schema.js';
export type {
  CacheEvents,
  CacheOptions,
  CacheStats,
  EntryOptions,
  GetOrSetOptions,
  LatencySummary,
  Lifetimes,
  LoadContext,
  Loader,
  MemoryOptions,
  RedisOptions,
} from './types.js';
export type { WarmOptions, WarmResult } from './warm.js';
