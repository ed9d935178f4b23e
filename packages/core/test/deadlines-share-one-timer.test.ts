import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from 'vitest';
import { type Clock, DeadlineQueue, deadlinesOf, ManualClock, monotonicClock } from '../src/index.js';
import { collectWarnings } from './helpers/warnings.js';

const warnings = collectWarnings();

/** A manual clock that tells what was done to its timers. */
function watched(): {
  clock: Clock;
  manual: ManualClock;
  timers: { set: number; referenced: boolean; live: boolean }[];
} {
  const manual = new ManualClock();
  const timers: { set: number; referenced: boolean; live: boolean }[] = [];
  const clock: Clock = {
    now: () => manual.now(),
    coarseNow: () => manual.now(),
    setTimer(callback, delayMs) {
      const entry = { set: delayMs, referenced: true, live: true };
      timers.push(entry);
      const timer = manual.setTimer(() => {
        entry.live = false;
        callback();
      }, delayMs);
      return {
        cancel() {
          entry.live = false;
          timer.cancel();
        },
        ref() {
          entry.referenced = true;
        },
        unref() {
          entry.referenced = false;
        },
      };
    },
  };
  return { clock, manual, timers };
}

test('10,000 deadlines have one timer, and cancelling any of them sets none', () => {
  const { clock, timers } = watched();
  const queue = new DeadlineQueue(clock);
  const deadlines = Array.from({ length: 10_000 }, (_, index) => queue.add(1_000 + index, () => {}));
  expect(timers.length).toBe(1);
  for (const deadline of deadlines.slice(0, 5_000)) deadline.cancel();
  expect(timers.length).toBe(1);
  expect(queue.size).toBe(5_000);
});

test('an earlier deadline takes the timer over', () => {
  const { clock, manual, timers } = watched();
  const queue = new DeadlineQueue(clock);
  const fired: number[] = [];
  queue.add(1_000, () => fired.push(1_000));
  queue.add(10, () => fired.push(10));
  expect(timers.filter(({ live }) => live).length).toBe(1);
  manual.advance(1_000);
  expect(fired).toEqual([10, 1_000]);
  expect(timers.some(({ live }) => live)).toBe(false);
});

test('a queue that became empty wakes up once for what was cancelled, and then never again', () => {
  const { clock, manual, timers } = watched();
  const queue = new DeadlineQueue(clock);
  queue.add(1_000, () => {}).cancel();
  manual.advance(1_000_000);
  expect(timers.length).toBe(1);
  expect(manual.pendingTimers).toBe(0);
});

test('the timer is referenced exactly while a deadline that keeps alive is waiting', () => {
  const { clock, manual, timers } = watched();
  const queue = new DeadlineQueue(clock);
  const referenced = (): boolean => timers.some((timer) => timer.live && timer.referenced);
  queue.add(50, () => {}, { keepAlive: false });
  expect(referenced()).toBe(false);
  const first = queue.add(100, () => {});
  const second = queue.add(200, () => {});
  expect(referenced()).toBe(true);
  second.cancel();
  second.cancel();
  expect(referenced()).toBe(true);
  first.cancel();
  expect(referenced()).toBe(false);
  queue.add(60, () => {});
  manual.advance(50);
  expect(referenced()).toBe(true);
  queue.add(500, () => {}, { keepAlive: false });
  manual.advance(10);
  expect(queue.size).toBe(1);
  expect(referenced()).toBe(false);
});

test('a callback that throws or rejects is reported, and the others fire', async () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const fired: string[] = [];
  queue.add(1, () => {
    throw new Error('thrown');
  });
  queue.add(1, async () => {
    throw new Error('rejected');
  });
  queue.add(1, () => fired.push('third'));
  clock.advance(1);
  await new Promise(setImmediate);
  expect(fired).toEqual(['third']);
  expect(warnings).toEqual([
    { message: 'The callback of a deadline threw: thrown', code: 'MAINSTAY_CALLBACK' },
    { message: 'The callback of a deadline threw: rejected', code: 'MAINSTAY_CALLBACK' },
  ]);
});

test('nobody runs in the AsyncLocalStorage of the caller who happened to set the timer', async () => {
  const storage = new AsyncLocalStorage<string>();
  const queue = new DeadlineQueue();
  const seen = await new Promise<unknown[]>((resolve) => {
    const stores: unknown[] = [];
    storage.run('request A', () => queue.add(5, () => stores.push(storage.getStore())));
    storage.run('request B', () =>
      queue.add(10, () => {
        stores.push(storage.getStore());
        resolve(stores);
      }),
    );
  });
  expect(seen).toEqual([undefined, undefined]);
  await storage.run('request C', async () => {
    await new Promise<void>((resolve) => queue.add(1, resolve));
    expect(storage.getStore()).toBe('request C');
  });
});

test('all users of a clock share one queue', () => {
  const clock = new ManualClock();
  expect(deadlinesOf(clock)).toBe(deadlinesOf(clock));
  expect(deadlinesOf(new ManualClock())).not.toBe(deadlinesOf(clock));
  expect(deadlinesOf(monotonicClock)).toBe(deadlinesOf(monotonicClock));
});
