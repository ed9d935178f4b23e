// The catalogue knows components by the shape of their stats(), never by import. So that a field which is renamed, or a
// state which is new, does not silently vanish from the dashboards, the real ones are watched here.
import { createCache } from '@mainstay/cache';
import { CircuitBreaker, CircuitBreakerGroup } from '@mainstay/circuit-breaker';
import { createFaultProxy } from '@mainstay/fault-proxy';
import { HealthChecks, pingCheck } from '@mainstay/health';
import { Metrics } from '@mainstay/metrics';
import {
  adaptiveConcurrency,
  bulkhead,
  fallback,
  hedge,
  pipeline,
  RetryBudget,
  retry,
  throttle,
  timeout,
} from '@mainstay/policies';
import { chaos } from '@mainstay/policies/chaos';
import { Pool } from '@mainstay/pool';
import { PgPool } from '@mainstay/pool/pg';
import { RedisLanes } from '@mainstay/pool/redis';
import { RateLimiter } from '@mainstay/rate-limiter';
import { redisStore } from '@mainstay/rate-limiter/redis';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, test } from 'vitest';

interface Watchable {
  readonly kind: string;
  readonly name: string;
  stats(): object;
}

/** Nothing listens there: what is needed is a component that has a second level, not the level. */
const nobody = { host: '127.0.0.1', port: 1 };
const redis = new Redis({ ...nobody, lazyConnect: true, retryStrategy: () => null });
redis.on('error', () => {});
const name = 'it';

const cache = createCache({ name, redis, latency: true, memory: { maxEntries: 10 } });
const limiter = new RateLimiter({ name, limit: 1, windowMs: 1_000 });
const sharedLimiter = new RateLimiter({ name, limit: 1, windowMs: 1_000, store: redisStore(redis) });
const pool = new Pool({ name, create: async () => ({}), destroy: () => {} });
const postgres = new PgPool({ name, ...nobody });
const lanes = new RedisLanes({ name, connection: nobody });
const proxy = await createFaultProxy({ name, target: nobody });
const health = new HealthChecks({ name, checks: [pingCheck('postgres', () => true)] });
await health.report();
await cache.getOrSet('key', () => 1);

afterAll(async () => {
  await Promise.allSettled([
    ...[cache, limiter, sharedLimiter, lanes, proxy].map((one) => one.close()),
    pool.drain({ timeoutMs: 0 }),
    postgres.end(),
  ]);
  redis.disconnect();
});

const components: [string, Watchable][] = [
  ['a circuit breaker', new CircuitBreaker({ name })],
  ['a group of circuit breakers', new CircuitBreakerGroup({ name, maxBreakers: 10, idleMs: 1_000 })],
  ['a cache', cache],
  ['a pool', pool],
  ['a pool of Postgres', postgres],
  ['lanes over Redis', lanes],
  ['a rate limiter', limiter],
  ['a rate limiter over Redis', sharedLimiter],
  ['retry', retry({ name })],
  ['timeout', timeout({ name, timeoutMs: 1 })],
  ['bulkhead', bulkhead({ name, maxConcurrent: 1 })],
  ['hedge', hedge({ name, delayMs: 1 })],
  ['fallback', fallback(() => 1)],
  ['adaptive concurrency', adaptiveConcurrency({ name })],
  ['throttle', throttle({ name })],
  ['a retry budget', new RetryBudget({ name })],
  ['a pipeline', pipeline(retry())],
  ['chaos', chaos({ name })],
  ['health checks', health],
  ['a fault proxy', proxy],
];

/** An object whose fields, and theirs, are noted when they are asked for: `checks`, `checks.postgres`, `checks.postgres.runs`. */
function spied(target: object, asked: Set<string>, path = ''): object {
  return new Proxy(target, {
    get(_, field) {
      asked.add(path + String(field));
      const value: unknown = Reflect.get(target, field);
      return typeof value === 'object' && value !== null
        ? spied(value, asked, `${path}${String(field)}.`)
        : value;
    },
    has(_, field) {
      asked.add(path + String(field));
      return field in target;
    },
  });
}

/** What is found at a path; undefined where there is nothing. */
const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce((one, field) => (one as Record<string, unknown> | undefined)?.[field], value);

describe.each(components)('%s', (_what, component) => {
  test('has every field that the catalogue reads', async () => {
    const asked = new Set<string>();
    const { kind } = component;
    const metrics = new Metrics();
    metrics.watch({ kind, name, stats: () => spied(component.stats(), asked) });
    await metrics.render();
    expect(asked.size).toBeGreaterThan(0);
    const missing = [...asked].filter((path) => at(component.stats(), path) === undefined);
    expect(missing).toEqual([]);
  });

  test('is in a state that the catalogue knows', async () => {
    const metrics = new Metrics();
    metrics.watch(component);
    const lines = (await metrics.render()).split('\n').filter((line) => /_(state|status)\{/.test(line));
    const families = new Set(lines.map((line) => line.slice(0, line.indexOf('{'))));
    for (const family of families) {
      const present = lines.filter((line) => line.startsWith(`${family}{`) && line.endsWith(' 1'));
      expect(present, `${family}: ${JSON.stringify(component.stats())}`).toHaveLength(1);
    }
  });
});

test('several of a kind are shown together, each by its name', async () => {
  const metrics = new Metrics();
  for (const one of ['first', 'second']) metrics.watch(new CircuitBreaker({ name: one }));
  const text = await metrics.render();
  expect(text).toContain('mainstay_circuit_breaker_waiting{name="first"} 0');
  expect(text).toContain('mainstay_circuit_breaker_waiting{name="second"} 0');
});
