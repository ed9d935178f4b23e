import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../src/index.js';

test('timers fire by due time, then by insertion, at the time they are due', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ delay: fc.integer({ min: -5, max: 50 }), cancelled: fc.boolean() }), {
        maxLength: 50,
      }),
      fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 10 }),
      (timers, steps) => {
        const clock = new ManualClock(1_000);
        const fired: [number, number][] = [];
        const handles = timers.map(({ delay }, id) =>
          clock.setTimer(() => fired.push([id, clock.now()]), delay),
        );
        timers.forEach(({ cancelled }, id) => {
          if (cancelled) handles[id]?.cancel();
        });
        for (const step of steps) clock.advance(step);
        const end = 1_000 + steps.reduce((sum, step) => sum + step, 0);
        const expected = timers
          .map(({ delay, cancelled }, id) => ({ id, dueAt: 1_000 + Math.max(delay, 0), cancelled }))
          .filter(({ cancelled, dueAt }) => !cancelled && steps.length > 0 && dueAt <= end)
          .sort((left, right) => left.dueAt - right.dueAt || left.id - right.id)
          .map(({ id, dueAt }): [number, number] => [id, dueAt]);
        expect(fired).toEqual(expected);
        expect(clock.now()).toBe(end);
        expect(clock.pendingTimers).toBe(
          timers.filter(({ cancelled }) => !cancelled).length - expected.length,
        );
      },
    ),
  );
});

test('timers set by a callback fire within the same advance when they are due in it', () => {
  const clock = new ManualClock();
  const fired: number[] = [];
  const tick = (): void => {
    fired.push(clock.now());
    clock.setTimer(tick, 10);
  };
  clock.setTimer(tick, 10);
  clock.advance(35);
  expect(fired).toEqual([10, 20, 30]);
  expect(clock.now()).toBe(35);
  expect(clock.pendingTimers).toBe(1);
});

test('a timer that sets itself again with no delay ends in an error, not in a hang', () => {
  const clock = new ManualClock();
  const again = (): void => {
    clock.setTimer(again, 0);
  };
  again();
  expect(() => clock.advance(1)).toThrow(/endless loop/);
});

test('an error of a callback comes out of advance, and the clock goes on afterwards', () => {
  const clock = new ManualClock();
  const fired: number[] = [];
  clock.setTimer(() => {
    throw new Error('no');
  }, 10);
  clock.setTimer(() => fired.push(clock.now()), 20);
  expect(() => clock.advance(100)).toThrow('no');
  expect(clock.now()).toBe(10);
  clock.advance(90);
  expect(fired).toEqual([20]);
});

test('a loop of awaited sleeps runs through advanceAsync', async () => {
  const clock = new ManualClock();
  const seen: number[] = [];
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(resolve, ms));
  const loop = (async () => {
    for (let round = 0; round < 5; round += 1) {
      await sleep(10);
      seen.push(clock.now());
    }
  })();
  await clock.advanceAsync(100);
  await loop;
  expect(seen).toEqual([10, 20, 30, 40, 50]);
  expect(clock.now()).toBe(100);
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('advancing by %s is refused', async (ms) => {
  const clock = new ManualClock();
  expect(() => clock.advance(ms)).toThrow(RangeError);
  await expect(clock.advanceAsync(ms)).rejects.toThrow(RangeError);
  expect(() => new ManualClock(ms)).toThrow(RangeError);
  expect(clock.now()).toBe(0);
});
