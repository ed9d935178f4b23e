import { afterEach, expect, test, vi } from 'vitest';
import { fail, makeBreaker, succeed } from './helpers.js';

afterEach(() => {
  vi.restoreAllMocks();
});

async function openTimes(openBackoff: object, times: number): Promise<number[]> {
  const { breaker, clock } = makeBreaker({ openBackoff });
  await fail(breaker, 2);
  const seen: number[] = [];
  for (let count = 0; count < times; count += 1) {
    seen.push(breaker.retryAfterMs);
    clock.advance(breaker.retryAfterMs);
    await fail(breaker);
  }
  return seen;
}

test('each trip without a recovery in between doubles the open time, up to maxMs', async () => {
  expect(await openTimes({ maxMs: 10_000, jitterRatio: 0 }, 6)).toEqual([
    1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
  ]);
});

test('after two thousand trips it is still maxMs, and no NaN', async () => {
  expect((await openTimes({ jitterRatio: 0 }, 2_000)).at(-1)).toBe(60_000);
  expect((await openTimes({ factor: 1, jitterRatio: 0 }, 2_000)).at(-1)).toBe(1_000);
});

test('jitter only shortens, by up to its ratio', async () => {
  const random = vi.spyOn(Math, 'random');
  random.mockReturnValue(0);
  expect(await openTimes({ jitterRatio: 0.2 }, 1)).toEqual([1_000]);
  random.mockReturnValue(0.5);
  expect(await openTimes({ jitterRatio: 0.2 }, 1)).toEqual([900]);
  random.mockReturnValue(0.999_999);
  expect((await openTimes({ jitterRatio: 0.2 }, 1))[0]).toBeGreaterThan(800);
});

test('a recovery brings the open time back to openMs', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  await fail(breaker);
  expect(breaker.retryAfterMs).toBe(2_000);
  clock.advance(2_000);
  await succeed(breaker);
  await fail(breaker, 2);
  expect(breaker.retryAfterMs).toBe(1_000);
});

test('calls that come to an open circuit do not lengthen its time', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  for (let count = 0; count < 9; count += 1) {
    clock.advance(100);
    await fail(breaker, 10);
  }
  clock.advance(100);
  await succeed(breaker);
  expect(breaker.state).toBe('closed');
});
