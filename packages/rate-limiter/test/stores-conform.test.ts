import { describe, expect, test } from 'vitest';
import { RateLimiter, type RateLimiterOptions } from '../src/index.js';
import { redisStore } from '../src/redis.js';
import { conformance } from './support/conformance.js';
import { redisTest } from './support/redis.js';

describe('memory', () => {
  for (const [name, run] of Object.entries(conformance)) {
    test(name, () =>
      run(async (options) => new RateLimiter({ name: 'memory', ...options } as RateLimiterOptions)),
    );
  }
});

for (const [title, redis] of [
  ['Redis', {}],
  ['Redis, each decision by itself', { coalesce: false }],
] as const) {
  describe(title, () => {
    for (const [name, run] of Object.entries(conformance)) {
      redisTest(name, async ({ name: limiterName, client }) => {
        const connection = await client();
        let made = 0;
        await run(async (options) => {
          made += 1;
          const store = redisStore(connection, { timeoutMs: 2_000, ...redis });
          return new RateLimiter({ name: `${limiterName}-${made}`, ...options, store } as RateLimiterOptions);
        });
        expect(made).toBeGreaterThan(0);
      });
    }
  });
}
