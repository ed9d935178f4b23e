import { hasErrorCode, MainstayError } from '@mainstay/core';

/** The load took longer than `loadTimeoutMs`; its signal was aborted and its key is free again. Code `ERR_CACHE_LOAD_TIMEOUT`. */
export class CacheLoadTimeoutError extends MainstayError {
  readonly cache: string;
  readonly timeoutMs: number;

  constructor(cache: string, key: string, timeoutMs: number) {
    super(
      'ERR_CACHE_LOAD_TIMEOUT',
      `Cache "${cache}": loading "${shorten(key)}" took longer than ${timeoutMs} ms`,
    );
    this.cache = cache;
    this.timeoutMs = timeoutMs;
  }
}

/** `maxLoads` keys were being fetched already. Code `ERR_CACHE_BUSY`. */
export class CacheBusyError extends MainstayError {
  readonly cache: string;

  constructor(cache: string, maxLoads: number) {
    super('ERR_CACHE_BUSY', `Cache "${cache}": ${maxLoads} keys are being loaded, which is the limit`);
    this.cache = cache;
  }
}

/** The cache was closed before or while the call waited. Code `ERR_CACHE_CLOSED`. */
export class CacheClosedError extends MainstayError {
  readonly cache: string;

  constructor(cache: string) {
    super('ERR_CACHE_CLOSED', `Cache "${cache}" is closed`);
    this.cache = cache;
  }
}

/** Works across copies of this package. */
export function isCacheBusyError(error: unknown): error is CacheBusyError {
  return hasErrorCode(error, 'ERR_CACHE_BUSY');
}

/** Works across copies of this package. */
export function isCacheLoadTimeoutError(error: unknown): error is CacheLoadTimeoutError {
  return hasErrorCode(error, 'ERR_CACHE_LOAD_TIMEOUT');
}

/** Works across copies of this package. */
export function isCacheClosedError(error: unknown): error is CacheClosedError {
  return hasErrorCode(error, 'ERR_CACHE_CLOSED');
}

/** A key may be 10 kB long, or secret in its tail; a message shows its beginning. */
function shorten(key: string): string {
  return key.length > 80 ? `${key.slice(0, 80)}…` : key;
}
