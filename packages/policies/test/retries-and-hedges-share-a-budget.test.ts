import { ManualClock } from '@mainstay/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hedge, pipeline, RetryBudget, retry } from '../src/index.js';
import { broken, settled } from './helpers.js';

test('never more retries in a window than its calls earn, whatever the traffic', () => {
  const step = fc.record({
    advance: fc.oneof(fc.nat(50), fc.nat(700), fc.constantFrom(0, 100, 1_000, 50_000)),
    calls: fc.nat(30),
    tries: fc.nat(30),
  });
  const settings = fc.record({
    ratio: fc.constantFrom(0, 0.1, 0.2, 0.5, 1),
    minPerSecond: fc.constantFrom(0, 1, 10),
  });
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 60 }), ({ ratio, minPerSecond }, steps) => {
      const windowMs = 1_000;
      const bucketMs = windowMs / 10;
      const clock = new ManualClock(5_000);
      const budget = new RetryBudget({ ratio, minPerSecond, windowMs, clock });
      const calls: number[] = [];
      const granted: number[] = [];
      const recent = (times: number[]) => {
        const oldest = Math.floor(clock.now() / bucketMs) - 9;
        return times.filter((at) => Math.floor(at / bucketMs) >= oldest).length;
      };
      for (const { advance, calls: made, tries } of steps) {
        clock.advance(advance);
        for (let count = 0; count < made; count += 1) {
          budget.recordCall();
          calls.push(clock.now());
        }
        for (let count = 0; count < tries; count += 1) {
          const allowed = ratio * recent(calls) + (minPerSecond * windowMs) / 1_000;
          const room = recent(granted) + 1 <= allowed + 1e-9;
          expect(budget.tryRetry()).toBe(room);
          if (room) granted.push(clock.now());
        }
      }
      expect(budget.stats().granted).toBe(granted.length);
    }),
    { numRuns: 300 },
  );
});

test('one budget bounds retries and hedges together, and counts a call once', async () => {
  const clock = new ManualClock(0);
  const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 0, windowMs: 10_000, clock });
  const whole = pipeline(
    retry({ maxAttempts: 5, backoff: () => 1, budget, clock }),
    hedge({ delayMs: 5, budget, clock }),
  );
  let made = 0;
  const calls = Array.from({ length: 100 }, () =>
    whole
      .execute(() => {
        made += 1;
        return new Promise((_, reject) => clock.setTimer(() => reject(broken), 8));
      })
      .catch(() => {}),
  );
  await clock.advanceAsync(2_000);
  await Promise.all(calls);
  expect(made).toBe(120);
  expect(budget.stats()).toMatchObject({ calls: 100, granted: 20, retries: 20, left: 0 });
  expect(budget.stats().denied).toBeGreaterThan(0);
});

test('by default a dependency that is down sees a fifth more, not three times as much', async () => {
  const clock = new ManualClock(0);
  const policy = retry({ backoff: () => 1, clock });
  let made = 0;
  const calls: Promise<unknown>[] = [];
  for (let second = 0; second < 100; second += 1) {
    for (let call = 0; call < 100; call += 1) {
      calls.push(
        policy
          .execute(() => {
            made += 1;
            return Promise.reject(broken);
          })
          .catch(() => {}),
      );
    }
    await clock.advanceAsync(1_000);
  }
  await Promise.all(calls);
  // 10,000 calls, a fifth of them, and 10 a second; three attempts each would have been 30,000.
  expect(made).toBeGreaterThan(12_000);
  expect(made).toBeLessThanOrEqual(13_100);
  expect(policy.stats().budgetDenied).toBeGreaterThan(6_000);
  expect(policy.budget?.stats().granted).toBe(policy.stats().retries);
});

test('without budget the error is the answer at once; budget: false asks nobody', async () => {
  const clock = new ManualClock(0);
  const none = new RetryBudget({ ratio: 0, minPerSecond: 0, clock });
  const reasons: string[] = [];
  const denied = retry({ budget: none, clock });
  denied.on('giveUp', ({ reason }) => reasons.push(reason));
  await expect(denied.execute(() => Promise.reject(broken))).rejects.toBe(broken);
  expect(reasons).toEqual(['budget']);
  expect(retry({ budget: false }).budget).toBe(undefined);
  expect(retry({ budget: none }).budget).toBe(none);
});

test('a hedge without budget is not made, and the first attempt goes on', async () => {
  const clock = new ManualClock(0);
  const policy = hedge({ delayMs: 5, budget: new RetryBudget({ ratio: 0, minPerSecond: 0, clock }), clock });
  let made = 0;
  const call = policy.execute(() => {
    made += 1;
    return new Promise((resolve) => clock.setTimer(() => resolve('slow'), 50));
  });
  await clock.advanceAsync(100);
  await settled();
  expect(await call).toBe('slow');
  expect(made).toBe(1);
  expect(policy.stats()).toMatchObject({ hedges: 0, budgetDenied: 1 });
});
