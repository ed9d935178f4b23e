import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { parseRetryAfter, pipeline, retry } from '../src/index.js';
import { broken } from './helpers.js';
import { attempts } from './helpers-retry.js';

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
