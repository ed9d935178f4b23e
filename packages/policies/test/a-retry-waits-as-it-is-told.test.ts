import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { deadlinesOf, ManualClock } from '@mainstay/core';
import { afterEach, expect, test, vi } from 'vitest';
import { parseRetryAfter, pipeline, type RetryOptions, retry, timeout } from '../src/index.js';
import { broken, settled, stateOf } from './helpers.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Calls that always fail, and when they were made. */
async function attempts(options: RetryOptions, error: unknown = broken, ms = 100_000) {
  const clock = new ManualClock(0);
  const at: number[] = [];
  const policy = retry({ budget: false, ...options, clock });
  const call = policy.execute(() => {
    at.push(clock.now());
    return Promise.reject(error);
  });
  call.catch(() => {});
  await clock.advanceAsync(ms);
  return { at, policy, call, clock };
}

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

test('a backoff of one’s own is asked with the attempt and the wait before it', async () => {
  const asked: [number, number][] = [];
  const { at } = await attempts({
    maxAttempts: 4,
    backoff: (attempt, previousMs) => {
      asked.push([attempt, previousMs]);
      return attempt * 10;
    },
  });
  expect(at).toEqual([0, 10, 30, 60]);
  expect(asked).toEqual([
    [1, 0],
    [2, 10],
    [3, 20],
  ]);
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

test.each([
  ['retryAfterMs of the error', { retryAfterMs: 2_000 }],
  ['headers as an object', { headers: { 'retry-after': '2' } }],
  ['headers of a response', { response: { headers: new Headers({ 'retry-after': '2' }) } }],
])('%s is waited for, and up to a tenth more', async (_, asks) => {
  const { at } = await attempts({ maxAttempts: 2 }, Object.assign(new Error('busy'), asks));
  expect(at[1]).toBeGreaterThanOrEqual(2_000);
  expect(at[1]).toBeLessThanOrEqual(2_200);
});

test('a result may ask for time as well', async () => {
  const clock = new ManualClock(0);
  const at: number[] = [];
  const policy = retry({
    maxAttempts: 2,
    shouldRetry: { result: (response: Response) => response.status === 503 },
    clock,
  });
  const call = policy.execute(() => {
    at.push(clock.now());
    return new Response('', { status: 503, headers: { 'Retry-After': '3' } });
  });
  await clock.advanceAsync(10_000);
  expect((await call).status).toBe(503);
  expect(at[1]).toBeGreaterThanOrEqual(3_000);
});

test.each([-5, Number.NaN])(
  'a retryAfterMs of %s is no information: the backoff decides',
  async (retryAfterMs) => {
    const { at } = await attempts({ maxAttempts: 2, backoff: () => 70 }, { retryAfterMs });
    expect(at).toEqual([0, 70]);
  },
);

test('who asks for more than maxRetryAfterMs is not asked again', async () => {
  for (const asks of [
    { retryAfterMs: 30_001 },
    { headers: { 'retry-after': '86400' } },
    { retryAfterMs: Infinity },
  ]) {
    const reasons: string[] = [];
    const clock = new ManualClock(0);
    const policy = retry({ clock });
    policy.on('giveUp', ({ reason, attempts: made }) => reasons.push(`${reason} ${made}`));
    await expect(policy.execute(() => Promise.reject(asks))).rejects.toBe(asks);
    expect(reasons).toEqual(['retry-after 1']);
  }
  const { at } = await attempts({ maxAttempts: 2, maxRetryAfterMs: 90_000 }, { retryAfterMs: 80_000 });
  expect(at).toHaveLength(2);
});

test('Retry-After: seconds and dates in all three forms; nothing else', () => {
  const now = Date.UTC(2026, 0, 5, 10, 0, 0);
  expect(parseRetryAfter('120')).toBe(120_000);
  expect(parseRetryAfter(' 0 ')).toBe(0);
  expect(parseRetryAfter('1.5')).toBe(1_500);
  for (const date of [
    'Mon, 05 Jan 2026 10:01:00 GMT',
    'Monday, 05-Jan-26 10:01:00 GMT',
    'Mon Jan  5 10:01:00 2026',
  ]) {
    expect(parseRetryAfter(date, now)).toBe(60_000);
  }
  expect(parseRetryAfter('Mon, 05 Jan 2026 09:00:00 GMT', now)).toBe(0);
  for (const wrong of [
    '-5',
    '',
    'soon',
    '1e3',
    '0x10',
    'NaN',
    'Infinity',
    'Mon, 99 Foo 2026',
    '2026-01-05',
    '1,2',
  ]) {
    expect(parseRetryAfter(wrong, now)).toBe(undefined);
  }
  expect(parseRetryAfter('9'.repeat(400))).toBe(Number.MAX_SAFE_INTEGER);
  expect(parseRetryAfter('Fri, 31 Dec 9999 23:59:59 GMT', now)).toBeGreaterThan(2 ** 31);
});

test('a date is compared with the clock that sent it, not with ours', async () => {
  const headers = { date: 'Thu, 01 Jan 1970 00:00:10 GMT', 'retry-after': 'Thu, 01 Jan 1970 00:00:15 GMT' };
  const { at } = await attempts({ maxAttempts: 2 }, { headers });
  expect(at[1]).toBeGreaterThanOrEqual(5_000);
  expect(at[1]).toBeLessThanOrEqual(5_500);
});

test('hostile answers ask for nothing', async () => {
  const hostile = {
    get headers(): never {
      throw new Error('a getter');
    },
  };
  expect((await attempts({ backoff: () => 5 }, hostile)).at).toEqual([0, 5, 10]);
  expect((await attempts({ backoff: () => 5 }, null)).at).toEqual([0, 5, 10]);
  expect((await attempts({ backoff: () => 5 }, { headers: { get: () => 7 } })).at).toEqual([0, 5, 10]);
});

test('an outer retry waits for an open circuit, it does not hammer it', async () => {
  const clock = new ManualClock(0);
  const breaker = new CircuitBreaker({
    name: 'model-a',
    consecutiveFailures: 1,
    openMs: 5_000,
    openBackoff: { jitterRatio: 0 },
    halfOpen: { probes: 1 },
    clock,
  });
  const at: number[] = [];
  const call = pipeline(retry({ maxAttempts: 3, backoff: () => 10, clock }), breaker).execute(() => {
    at.push(clock.now());
    return at.length === 1 ? Promise.reject(broken) : 'back again';
  });
  await clock.advanceAsync(20_000);
  expect(await call).toBe('back again');
  // The failure opened it; the second attempt, 10 ms later, was turned away; the third came when it was half-open.
  expect(breaker.stats()).toMatchObject({ rejected: 1, succeeded: 1 });
  expect(at[1]).toBeGreaterThanOrEqual(5_000);
  expect(at[1]).toBeLessThanOrEqual(5_600);
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
