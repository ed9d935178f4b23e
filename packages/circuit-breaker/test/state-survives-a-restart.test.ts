import { ManualClock } from '@mainstay/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CircuitBreaker, type CircuitBreakerState } from '../src/index.js';
import { fail, makeBreaker, succeed } from './helpers.js';

let wallClockMs: number;

beforeEach(() => {
  wallClockMs = 1_800_000_000_000;
  vi.spyOn(Date, 'now').mockImplementation(() => wallClockMs);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** As if stored, and read by a new process whose monotonic clock begins elsewhere. */
function restart(breaker: CircuitBreaker, changes: Partial<CircuitBreakerState> = {}) {
  const initialState = { ...(JSON.parse(JSON.stringify(breaker)) as CircuitBreakerState), ...changes };
  return makeBreaker({ initialState, clock: new ManualClock(7) }).breaker;
}

async function opened() {
  const { breaker, clock } = makeBreaker();
  clock.advance(250);
  await fail(breaker, 2);
  return { breaker, clock };
}

test('T14 a restored breaker keeps what was left of its open time, counted from the trip', async () => {
  const { breaker, clock } = await opened();
  clock.advance(400);
  const saved = breaker.toJSON();
  expect(saved).toMatchObject({ state: 'open', remainingOpenMs: 600, openForMs: 400, trips: 1 });
  wallClockMs += 100;
  const restored = restart(breaker, saved);
  expect(restored.state).toBe('open');
  expect(restored.retryAfterMs).toBe(500);
  expect(restored.stats().openForMs).toBe(500);
});

test('T14 time that passed while nothing ran counts', async () => {
  const { breaker } = await opened();
  const saved = breaker.toJSON();
  wallClockMs += 1_000;
  const restored = restart(breaker, saved);
  expect(restored.retryAfterMs).toBe(0);
  await succeed(restored);
  expect(restored.state).toBe('closed');
});

test('a wall clock that was set back, or is absurd, lengthens nothing', async () => {
  const { breaker } = await opened();
  const saved = breaker.toJSON();
  wallClockMs -= 3_600_000;
  expect(restart(breaker, saved).retryAfterMs).toBe(1_000);
  expect(restart(breaker, { ...saved, savedAtEpochMs: 9e15 }).retryAfterMs).toBe(1_000);
  expect(restart(breaker, { ...saved, savedAtEpochMs: -9e15 }).retryAfterMs).toBe(0);
  expect(restart(breaker, { ...saved, remainingOpenMs: 1e12 }).retryAfterMs).toBe(60_000);
});

test('the growth of the open time goes on where it was', async () => {
  const { breaker, clock } = await opened();
  clock.advance(1_000);
  await fail(breaker);
  const restored = restart(breaker, { remainingOpenMs: 0 });
  await fail(restored);
  expect(restored.retryAfterMs).toBe(4_000);
});

test('a half-open circuit comes back as open with its time over, and probes again', async () => {
  const { breaker, clock } = await opened();
  clock.advance(1_000);
  breaker.tryAcquire();
  expect(breaker.toJSON().state).toBe('half-open');
  const restored = restart(breaker);
  expect(restored.retryAfterMs).toBe(0);
  await succeed(restored);
  expect(restored.state).toBe('closed');
});

test('an isolated circuit stays isolated, and can be released', () => {
  const { breaker } = makeBreaker();
  breaker.isolate();
  breaker.isolate();
  const restored = restart(breaker);
  restored.release();
  expect(restored.state).toBe('isolated');
  restored.release();
  expect(restored.state).toBe('closed');
  const inconsistent = restart(breaker, { isolations: 0 });
  inconsistent.release();
  expect(inconsistent.state).toBe('closed');
});

test('consecutive failures survive; the counters of stats() begin anew', async () => {
  const { breaker } = makeBreaker({ failureThreshold: 100, consecutiveFailures: 3 });
  await fail(breaker, 2);
  const initialState = breaker.toJSON();
  const restored = new CircuitBreaker({ name: 'model-a', consecutiveFailures: 3, initialState });
  expect(restored.stats()).toMatchObject({ state: 'closed', failed: 0, stateChanges: 0 });
  await fail(restored);
  expect(restored.state).toBe('open');
});

test('what was saved by a later version does not keep this one from starting', () => {
  const { breaker } = makeBreaker();
  const initialState = { ...breaker.toJSON(), inventedLater: true };
  expect(new CircuitBreaker({ name: 'model-a', initialState }).state).toBe('closed');
});
