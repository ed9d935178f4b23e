import { expect, expectTypeOf, test } from 'vitest';
import { CircuitBreaker, CircuitOpenError, isCircuitOpenError } from '../src/index.js';
import { fail, makeBreaker, succeed } from './helpers.js';

test('stats() is a plain snapshot with a known shape', async () => {
  const { breaker, clock } = makeBreaker();
  await succeed(breaker, 3);
  await fail(breaker, 3);
  clock.advance(250);
  await fail(breaker, 1);
  const stats = breaker.stats();
  expect(stats).toEqual({
    state: 'open',
    succeeded: 3,
    failed: 3,
    ignored: 0,
    rejected: 1,
    slow: 0,
    late: 0,
    opened: 1,
    stateChanges: 1,
    windowCalls: 6,
    windowFailures: 3,
    failureRate: 0.5,
    openForMs: 250,
    waiting: 0,
  });
  expect([breaker.kind, breaker.name]).toEqual(['circuit-breaker', 'model-a']);
  await fail(breaker);
  expect(stats.rejected).toBe(1);
});

test('openForMs counts from the first trip until the circuit is closed', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  await fail(breaker);
  clock.advance(500);
  expect(breaker.stats()).toMatchObject({ opened: 2, openForMs: 1_500 });
  clock.advance(1_500);
  await succeed(breaker);
  expect(breaker.stats().openForMs).toBe(0);
});

test('the rejection says who, why and when to come back, and carries no stack', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(400);
  const error: unknown = await breaker.execute(async () => 1).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CircuitOpenError);
  expect(error).toMatchObject({
    name: 'CircuitOpenError',
    code: 'ERR_CIRCUIT_OPEN',
    message: 'Circuit "model-a" is open',
    breakerName: 'model-a',
    state: 'open',
    retryAfterMs: 600,
  });
  expect((error as Error).stack).not.toContain('    at ');
  expect(Error.stackTraceLimit).toBeGreaterThan(0);
});

test('isCircuitOpenError recognises the error of another copy of the package', () => {
  expect(isCircuitOpenError({ code: 'ERR_CIRCUIT_OPEN' })).toBe(true);
  for (const other of [undefined, null, 'ERR_CIRCUIT_OPEN', new Error('x'), { code: 1 }]) {
    expect(isCircuitOpenError(other)).toBe(false);
  }
  const error: unknown = new CircuitOpenError('a', 'open', 5);
  if (isCircuitOpenError(error)) expectTypeOf(error.retryAfterMs).toEqualTypeOf<number>();
});

test('the defaults: five failures in 30 s, 5 s open, two successes of three probes', async () => {
  const breaker = new CircuitBreaker({ name: 'default', openBackoff: { jitterRatio: 0 } });
  await fail(breaker, 5);
  expect(breaker.state).toBe('open');
  expect(breaker.retryAfterMs).toBeGreaterThan(4_900);
  expect(breaker.retryAfterMs).toBeLessThanOrEqual(5_000);
});
