import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import {
  adaptiveConcurrency,
  bulkhead,
  hedge,
  isRejectedError,
  pipeline,
  retry,
  timeout,
} from '../src/index.js';
import { broken, deferred, settled } from './helpers.js';

/** Work of 200 ms that cannot be stopped, and how much of it ran at once. */
function stubbornWork(clock: ManualClock) {
  const seen = { running: 0, most: 0, begun: 0 };
  const work = () => {
    seen.begun += 1;
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    return new Promise<string>((resolve) => {
      clock.setTimer(() => {
        seen.running -= 1;
        resolve('done');
      }, 200);
    });
  };
  return { seen, work };
}

test.each([
  ['bulkhead', (clock: ManualClock) => bulkhead({ maxConcurrent: 1, clock })],
  ['adaptive limit', (clock: ManualClock) => adaptiveConcurrency({ initialLimit: 1, maxLimit: 1, clock })],
])('T8: a %s around a timeout of 10 ms never runs 200 ms of work twice at once', async (_, make) => {
  const clock = new ManualClock(1);
  const { seen, work } = stubbornWork(clock);
  const guard = make(clock);
  const whole = pipeline(guard, timeout({ timeoutMs: 10, clock }));
  const errors: string[] = [];
  for (let call = 0; call < 10; call += 1) {
    whole.execute(work).catch((error: { code: string }) => errors.push(error.code));
    await clock.advanceAsync(15);
  }
  expect(seen).toMatchObject({ most: 1, begun: 1 });
  expect(errors[0]).toBe('ERR_TIMEOUT');
  expect(guard.stats()).toMatchObject({ running: 1, rejected: 9 });
  await clock.advanceAsync(200);
  expect(guard.stats().running).toBe(0);
  whole.execute(work).catch(() => {});
  expect(seen.begun).toBe(2);
});

test('a bulkhead inside of a timeout holds the place as well', async () => {
  const clock = new ManualClock(1);
  const { seen, work } = stubbornWork(clock);
  const guard = bulkhead({ maxConcurrent: 1, clock });
  const whole = pipeline(timeout({ timeoutMs: 10, clock }), guard);
  whole.execute(work).catch(() => {});
  await clock.advanceAsync(10);
  await expect(whole.execute(work)).rejects.toSatisfy(isRejectedError);
  await clock.advanceAsync(190);
  expect(guard.stats().running).toBe(0);
  expect(seen.most).toBe(1);
});

test("releaseOn: 'timeout' frees the place with the answer, inside and outside of the timeout", async () => {
  for (const outside of [true, false]) {
    const clock = new ManualClock(1);
    const { seen, work } = stubbornWork(clock);
    const guard = bulkhead({ maxConcurrent: 1, releaseOn: 'timeout', clock });
    const limit = timeout({ timeoutMs: 10, clock });
    const whole = outside ? pipeline(guard, limit) : pipeline(limit, guard);
    for (let call = 0; call < 10; call += 1) {
      whole.execute(work).catch(() => {});
      await clock.advanceAsync(15);
    }
    expect(seen.most).toBe(10);
    expect(guard.stats()).toMatchObject({ running: 0, rejected: 0 });
    await clock.advanceAsync(1_000);
    expect(guard.stats().running).toBe(0);
  }
});

test('retries and hedges inside of a bulkhead hold its one place until the last of their work has ended', async () => {
  const clock = new ManualClock(1);
  const { seen, work } = stubbornWork(clock);
  const guard = bulkhead({ maxConcurrent: 1, clock });
  const whole = pipeline(
    guard,
    retry({ maxAttempts: 2, backoff: () => 1, clock }),
    hedge({ delayMs: 5, clock }),
    new CircuitBreaker({ name: 'model-a' }),
    timeout({ timeoutMs: 10, clock }),
  );
  const call = whole.execute(work).catch((error: { code: string }) => error.code);
  await clock.advanceAsync(100);
  expect(await call).toBe('ERR_TIMEOUT');
  expect(seen.begun).toBe(4);
  expect(guard.stats().running).toBe(1);
  await clock.advanceAsync(200);
  expect(guard.stats().running).toBe(0);
});

test('nested bulkheads both wait for the work', async () => {
  const clock = new ManualClock(1);
  const work = deferred();
  const outer = bulkhead({ maxConcurrent: 5, clock });
  const inner = bulkhead({ maxConcurrent: 5, clock });
  const call = pipeline(outer, inner, timeout({ timeoutMs: 10, clock })).execute(() => work.promise);
  clock.advance(10);
  await call.catch(() => {});
  expect([outer.stats().running, inner.stats().running]).toEqual([1, 1]);
  work.reject(broken);
  await settled();
  expect([outer.stats().running, inner.stats().running]).toEqual([0, 0]);
});

test('a place is given back once, whatever the work does', async () => {
  const guard = bulkhead({ maxConcurrent: 2 });
  await guard.execute(() => 1);
  await guard.execute(() => Promise.reject(broken)).catch(() => {});
  await guard
    .execute(() => {
      throw broken;
    })
    .catch(() => {});
  await expect(guard.execute('nothing' as never)).rejects.toThrow(TypeError);
  expect(guard.stats()).toMatchObject({ running: 0, succeeded: 1, failed: 2 });
});
