import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { breakerCheck, cacheCheck, HealthChecks, pingCheck, poolCheck } from '../src/index.js';

const poolStats = {
  size: 2,
  idle: 1,
  inUse: 1,
  waiting: 0,
  max: 10,
  acquireTimeouts: 0,
  createErrors: 0,
};

test.each([
  ['closed', 'up', 'up'],
  ['half-open', 'degraded', 'degraded'],
  ['open', 'down', 'degraded'],
  ['isolated', 'down', 'degraded'],
])('a breaker that is %s is %s, the service %s', async (state, status, overall) => {
  const breaker = { name: 'model-a', stats: () => ({ state, failureRate: 0.5, openForMs: 20 }) };
  const report = await new HealthChecks({ checks: [breakerCheck(breaker)] }).report();
  expect(report.checks['model-a']).toMatchObject({ status, details: { state } });
  expect(report.status).toBe(overall);
});

test('a component is asked with every report, and can be made critical', async () => {
  let state = 'closed';
  const breaker = { name: 'model-a', stats: () => ({ state, failureRate: 1, openForMs: 20 }) };
  const health = new HealthChecks({ checks: [breakerCheck(breaker, { name: 'model', critical: true })] });
  expect((await health.report()).status).toBe('up');
  state = 'open';
  expect((await health.report()).checks.model?.message).toBe('circuit is open');
  expect((await health.report()).status).toBe('down');
});

test.each([
  ['none', 'up'],
  ['up', 'up'],
  ['away', 'degraded'],
])('a cache whose Redis is %s is %s', async (redis, status) => {
  const cache = {
    name: 'cache',
    stats: () => ({ memoryHits: 2, redisHits: 1, staleHits: 0, misses: 1, entries: 3, redis }),
  };
  const report = await new HealthChecks({ checks: [cacheCheck(cache)] }).report();
  expect(report.checks.cache).toMatchObject({ status, details: { hitRatio: 0.75, redis } });
});

test('a pool tells of what happened lately, and forgets it', async () => {
  const clock = new ManualClock();
  let stats = poolStats;
  const health = new HealthChecks({
    clock,
    checks: [poolCheck({ name: 'pool', stats: () => stats }, { recentMs: 5_000, clock })],
  });
  const status = async () => (await health.report()).checks.pool;
  expect(await status()).toMatchObject({ status: 'up', details: { size: 2, max: 10 } });
  stats = { ...poolStats, acquireTimeouts: 3 };
  expect(await status()).toMatchObject({ status: 'degraded', message: 'callers gave up waiting lately' });
  clock.advance(4_999);
  expect(await status()).toMatchObject({ status: 'degraded' });
  clock.advance(1);
  expect(await status()).toMatchObject({ status: 'up' });
  stats = { ...poolStats, acquireTimeouts: 3, createErrors: 1 };
  expect(await status()).toMatchObject({ status: 'degraded', message: 'connecting failed lately' });
  stats = { ...stats, size: 0, idle: 0, inUse: 0 };
  expect(await status()).toMatchObject({ status: 'down', message: 'cannot connect' });
});

test('counters of before the first look are no news', async () => {
  const stats = { ...poolStats, acquireTimeouts: 70, createErrors: 9 };
  const health = new HealthChecks({ checks: [poolCheck({ name: 'pool', stats: () => stats })] });
  expect((await health.report()).status).toBe('up');
});

test('a pool of which all is in use while callers wait is degraded', async () => {
  const stats = { ...poolStats, size: 10, idle: 0, inUse: 10, waiting: 4 };
  const health = new HealthChecks({ checks: [poolCheck({ name: 'pool', stats: () => stats })] });
  expect((await health.report()).checks.pool).toMatchObject({ status: 'degraded', message: 'all is in use' });
});

test('a ping is up whatever it returns but false, is critical, and gets the signal', async () => {
  const signals: unknown[] = [];
  const health = new HealthChecks({
    checks: [
      pingCheck('redis', ({ signal }) => {
        signals.push(signal);
        return 'PONG';
      }),
      pingCheck('standby', async () => false),
    ],
  });
  const report = await health.report();
  expect(report.checks.redis).toMatchObject({ status: 'up', critical: true });
  expect(report.checks.redis).not.toHaveProperty('details');
  expect(report.checks.standby).toMatchObject({ status: 'down', message: 'answered false' });
  expect(signals[0]).toBeInstanceOf(AbortSignal);
});
