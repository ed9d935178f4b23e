import { deadlinesOf, ManualClock } from '@mainstay/core';
import { afterEach, expect, test, vi } from 'vitest';
import { pipeline, retry, timeout } from '../src/index.js';
import { broken, settled, stateOf } from './helpers.js';
import { attempts } from './helpers-retry.js';

afterEach(() => {
  vi.restoreAllMocks();
});

test('three attempts by default, the last error is the answer', async () => {
  const { at, call, policy } = await attempts({});
  expect(at).toHaveLength(3);
  await expect(call).rejects.toBe(broken);
  expect(policy.stats()).toMatchObject({ failed: 1, retries: 2, succeeded: 0 });
});

test('decorrelated jitter by default: from baseMs up to three times the last wait, never above maxMs', async () => {
  for (let run = 0; run < 50; run += 1) {
    const { at } = await attempts({ maxAttempts: 12, backoff: { baseMs: 100, maxMs: 2_000 } });
    let previous = 100;
    for (let attempt = 1; attempt < at.length; attempt += 1) {
      const waited = (at[attempt] as number) - (at[attempt - 1] as number);
      expect(waited).toBeGreaterThanOrEqual(100 - 1e-6);
      expect(waited).toBeLessThanOrEqual(Math.min(2_000, Math.max(previous, 100) * 3) + 1e-6);
      previous = waited;
    }
  }
});

test('after a success it was worth it', async () => {
  const clock = new ManualClock(0);
  const policy = retry({ clock });
  let calls = 0;
  const call = policy.execute(() => {
    calls += 1;
    return calls === 1 ? Promise.reject(broken) : 'second';
  });
  await clock.advanceAsync(1_000);
  expect(await call).toBe('second');
  expect(policy.stats()).toMatchObject({ succeeded: 1, recovered: 1, failed: 0, retries: 1 });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, '10', undefined, Promise.resolve(1)])(
  'a backoff that returns %s means no retry, the error stays, and a warning says why',
  async (wrong) => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { at, call } = await attempts({ backoff: () => wrong as number });
    expect(at).toHaveLength(1);
    await expect(call).rejects.toBe(broken);
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(String(warnings.mock.calls[0]?.[0])).toContain('backoff of "retry"');
  },
);

test('shouldRetry by error: what is not worth it fails at once; where asking throws, too, with a warning', async () => {
  const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const by: [unknown, number][] = [];
  const judged = await attempts({
    shouldRetry: (error, attempt) => {
      by.push([error, attempt]);
      return attempt < 2;
    },
  });
  expect(judged.at).toHaveLength(2);
  expect(by).toEqual([
    [broken, 1],
    [broken, 2],
  ]);
  const thrown = await attempts({
    shouldRetry: () => {
      throw new Error('a bug');
    },
  });
  expect(thrown.at).toHaveLength(1);
  await expect(thrown.call).rejects.toBe(broken);
  expect(warnings).toHaveBeenCalledTimes(1);
});

test('shouldRetry by result: after the last attempt the last result is the answer', async () => {
  const clock = new ManualClock(0);
  let calls = 0;
  const policy = retry({ shouldRetry: { result: (result: number) => result < 10 }, clock });
  const call = policy.execute(() => ++calls);
  await clock.advanceAsync(100_000);
  expect(await call).toBe(3);
  expect(policy.stats()).toMatchObject({ failed: 1, succeeded: 0, retries: 2 });
  expect(await policy.execute(() => 11)).toBe(11);
});

test('an error that says retryable: false is not retried by default', async () => {
  const { at } = await attempts({}, Object.assign(new Error('a card was declined'), { retryable: false }));
  expect(at).toHaveLength(1);
});

test('no retry that could only begin after a timeout around it', async () => {
  const clock = new ManualClock(0);
  const at: number[] = [];
  const policy = retry({ maxAttempts: 10, backoff: () => 40, clock });
  const call = pipeline(timeout({ timeoutMs: 100, clock }), policy).execute(() => {
    at.push(clock.now());
    return Promise.reject(broken);
  });
  const state = stateOf(call);
  await clock.advanceAsync(80);
  // At 80 the next would begin at 120: the error is answered now, not a timeout 20 ms later.
  expect(at).toEqual([0, 40, 80]);
  await state;
  await expect(call).rejects.toBe(broken);
  expect(policy.stats()).toMatchObject({ deadlineDenied: 1, retries: 2 });
  expect(deadlinesOf(clock).size).toBe(0);
});

test('minAttemptMs: no retry that would have less time than an attempt takes', async () => {
  const clock = new ManualClock(0);
  let calls = 0;
  const policy = retry({ maxAttempts: 10, backoff: () => 40, minAttemptMs: 30, clock });
  const call = pipeline(timeout({ timeoutMs: 100, clock }), policy).execute(() => {
    calls += 1;
    return Promise.reject(broken);
  });
  call.catch(() => {});
  await clock.advanceAsync(40);
  await expect(call).rejects.toBe(broken);
  expect(calls).toBe(2);
});

test('the nearest of the timeouts around it counts', async () => {
  for (const [outer, inner] of [
    [50, 10_000],
    [10_000, 50],
  ] as const) {
    const clock = new ManualClock(0);
    const policy = retry({ backoff: () => 60, clock });
    const whole = pipeline(
      timeout({ timeoutMs: outer, clock }),
      timeout({ timeoutMs: inner, clock }),
      policy,
    );
    await expect(whole.execute(() => Promise.reject(broken))).rejects.toBe(broken);
    expect(policy.stats().deadlineDenied).toBe(1);
  }
});

test('10,000 attempts: every wait is a number within its range', async () => {
  const waits: number[] = [];
  const clock = new ManualClock(0);
  const policy = retry({ maxAttempts: 10_001, backoff: { baseMs: 1, maxMs: 50 }, budget: false, clock });
  policy.on('retry', ({ delayMs }) => waits.push(delayMs));
  const call = policy.execute(() => Promise.reject(broken));
  call.catch(() => {});
  await clock.advanceAsync(600_000);
  await settled();
  expect(waits).toHaveLength(10_000);
  expect(waits.every((wait) => wait >= 1 && wait <= 50)).toBe(true);
}, 60_000);
