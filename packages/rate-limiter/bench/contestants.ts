import LocalStore from '@fastify/rate-limit/store/LocalStore.js';
import { RateLimiter } from '@mainstay/rate-limiter';
import { MemoryStore } from 'express-rate-limit';
import { TokenBucket } from 'limiter';
import { RateLimiterMemory } from 'rate-limiter-flexible';

/** A limit that nobody reaches, and that forgets nothing while the bench runs: keys that use nothing would leave the table. */
export const never = { limit: 1_000_000, windowMs: 400 * 86_400_000, burst: 1e9 };
const neverStrict = { limit: 1e9, windowMs: 3_600_000, algorithm: 'strict' } as const;
/** A limit that everybody has reached. */
const atOnce = { limit: 1, windowMs: 3_600_000 };

export type Consume = (key: string) => unknown;

/** One operation each; those that answer by promise are awaited. */
export function memoryContestants(): Record<string, Consume> {
  const gcra = new RateLimiter({ name: 'gcra', ...never, maxKeys: 1_000_000 });
  const strict = new RateLimiter({ name: 'strict', ...neverStrict, maxKeys: 1_000_000 });
  const flexible = new RateLimiterMemory({ points: 1e9, duration: 3_600 });
  const express = new MemoryStore();
  express.init({ windowMs: 3_600_000 } as Parameters<MemoryStore['init']>[0]);
  const local = new LocalStore(false, false, 1_000_000);
  return {
    'mainstay consumeSync': (key) => gcra.consumeSync(key),
    'mainstay consume': (key) => gcra.consume(key),
    'mainstay strict, consumeSync': (key) => strict.consumeSync(key),
    'rate-limiter-flexible': (key) => flexible.consume(key),
    'express-rate-limit store': (key) => express.increment(key),
    '@fastify/rate-limit store': (key) =>
      new Promise((resolve) =>
        local.incr(key, (_error: unknown, result: unknown) => resolve(result), 3_600_000, never.limit),
      ),
  };
}

/** It knows no keys: for the question with one key. */
export function tokenBucket(): Consume {
  const bucket = new TokenBucket({ bucketSize: 1e9, tokensPerInterval: 1e9, interval: 'hour' });
  bucket.content = 1e9;
  return () => bucket.tryRemoveTokens(1);
}

/** What cannot be saved: the key is looked up, the time is read, a number is changed. */
export function bareMap(keys: readonly string[]): Consume {
  const places = new Map(keys.map((key, index) => [key, index]));
  const levels = new Float64Array(keys.length);
  return (key) => {
    const place = places.get(key) as number;
    const now = performance.now();
    levels[place] = Math.max(levels[place] as number, now) + 1;
    return (levels[place] as number) < 1e12;
  };
}

/** Limiters whose every key is used up. */
export function exhausted(keys: readonly string[]): Record<string, Consume> {
  const gcra = new RateLimiter({ name: 'gcra', ...atOnce, maxKeys: 1_000_000 });
  const flexible = new RateLimiterMemory({ points: 1, duration: 3_600 });
  for (const key of keys) {
    gcra.consumeSync(key);
    void flexible.consume(key);
  }
  return {
    'mainstay consumeSync, denied': (key) => gcra.consumeSync(key),
    'mainstay consume, denied': (key) => gcra.consume(key),
    'rate-limiter-flexible, denied': (key) => flexible.consume(key).catch(() => undefined),
  };
}

export function keysOf(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => `ip:10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
  );
}

/** Runs the operations one after the other, on keys in a random order that is the same for all. */
export function inTurn(consume: Consume, keys: readonly string[]): (operations: number) => Promise<void> {
  let seed = 1;
  const sync = !(consume(keys[0] as string) instanceof Promise);
  return async (operations) => {
    for (let index = 0; index < operations; index += 1) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      const key = keys[seed % keys.length] as string;
      if (sync) consume(key);
      else await consume(key);
    }
  };
}
