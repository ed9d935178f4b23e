import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { monotonicClock } from '../src/index.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a delay beyond what setTimeout can hold is waited for in full', () => {
  const callback = vi.fn();
  const fortyDays = 40 * 86_400_000;
  monotonicClock.setTimer(callback, fortyDays);
  vi.advanceTimersByTime(fortyDays - 1);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledTimes(1);
});

test('when the loop wakes a timer too early, it waits for the rest', () => {
  const callback = vi.fn();
  monotonicClock.setTimer(callback, 100);
  // The clock falls behind the loop's idea of time by half a millisecond.
  const fake = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => fake() - 0.5);
  vi.advanceTimersByTime(100);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledTimes(1);
});

test('cancelling is final, also twice and after the end', () => {
  const callback = vi.fn();
  const timer = monotonicClock.setTimer(callback, 10);
  timer.cancel();
  timer.cancel();
  vi.advanceTimersByTime(100);
  expect(callback).not.toHaveBeenCalled();
  const other = monotonicClock.setTimer(callback, 10);
  vi.advanceTimersByTime(10);
  other.cancel();
  other.ref();
  other.unref();
  expect(callback).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'a delay of %s is refused',
  (delay) => {
    expect(() => monotonicClock.setTimer(() => {}, delay)).toThrow(RangeError);
  },
);

test.each([0, -5])('a delay of %s fires later, not now', (delay) => {
  const callback = vi.fn();
  monotonicClock.setTimer(callback, delay);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledTimes(1);
});
