import { ManualClock } from '@mainstay/core';
import { type Cache, type CacheOptions, createCache } from '../../src/index.js';

export interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

export interface Bench {
  cache: Cache;
  clock: ManualClock;
}

/** A memory cache whose time stands still until it is moved, without jitter. */
export function memoryCache(options: Partial<CacheOptions> = {}): Bench {
  const clock = new ManualClock();
  const cache = createCache({ name: 'test', clock, ttlMs: 1_000, ttlJitterRatio: 0, ...options });
  return { cache, clock };
}

/** Lets everything run that is already due: promise jobs and one turn of the loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export const never = (): Promise<never> => new Promise(() => {});
