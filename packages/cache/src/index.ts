export { Cache, createCache } from './cache.js';
export {
  CacheClosedError,
  CacheLoadTimeoutError,
  isCacheClosedError,
  isCacheLoadTimeoutError,
} from './errors.js';
export type { RedisClient } from './redis-client.js';
export type {
  CacheEvents,
  CacheOptions,
  CacheStats,
  EntryOptions,
  GetOrSetOptions,
  LoadContext,
  Loader,
  MemoryOptions,
  RedisOptions,
} from './types.js';
