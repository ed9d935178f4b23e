import { ManualClock } from '@mainstay/core';
import { describe, expect, test } from 'vitest';
import { RateLimiter, type RateLimiterOptions } from '../src/index.js';
import { redisStore } from '../src/redis.js';
import { conformance, type Make } from './support/conformance.js';
import { redisTest, sleep } from './support/redis.js';

describe('memory', () => {
  for (const [name, run] of Object.entries(conformance)) {
    test(name, async () => {
      const clock = new ManualClock(1_000);
      const make: Make = async (options) =>
        new RateLimiter({ name: 'memory', clock, ...options } as RateLimiterOptions);
      await run(make, async (milliseconds) => clock.advance(milliseconds));
    });
  }
});

for (const [title, redis, connection] of [
  ['Redis', {}, {}],
  ['Redis, each decision by itself', { coalesce: false }, { stringNumbers: true }],
] as const) {
  describe(title, () => {
    for (const [name, run] of Object.entries(conformance)) {
      redisTest(name, async ({ name: limiterName, client }) => {
        const redisClient = await client(connection);
        let made = 0;
        await run(async (options) => {
          made += 1;
          const store = redisStore(redisClient, { timeoutMs: 2_000, ...redis });
          return new RateLimiter({ name: `${limiterName}-${made}`, ...options, store } as RateLimiterOptions);
        }, sleep);
        expect(made).toBeGreaterThan(0);
      });
    }
  });
}
