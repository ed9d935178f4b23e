import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Deadline, DeadlineQueue, ManualClock } from '../src/index.js';

/** What must hold, told in the plainest way: a list that is searched. */
class Model {
  readonly waiting = new Map<number, number>();
  readonly fired: { id: number; at: number }[] = [];

  advance(from: number, to: number): void {
    const due = [...this.waiting]
      .filter(([, dueAt]) => dueAt <= to)
      .sort((a, b) => a[1] - b[1] || a[0] - b[0]);
    for (const [id, dueAt] of due) {
      this.waiting.delete(id);
      this.fired.push({ id, at: Math.max(dueAt, from) });
    }
  }
}

/** Delays over all levels of the wheel, with fractions and its borders. */
const delays = fc.oneof(
  fc.integer({ min: -2, max: 40 }),
  fc.integer({ min: 0, max: 3_000 }),
  fc.integer({ min: 0, max: 2 ** 31 + 1_000 }),
  fc.integer({ min: 0, max: 2 ** 42 }),
  fc.integer({ min: 0, max: 12_000 }).map((eighths) => eighths / 8),
  fc.constantFrom(31, 32, 33, 1_023, 1_024, 32_767, 32_768, 2 ** 31 - 1, 2 ** 31),
);

const actions = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('add' as const), delay: delays, keepAlive: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), by: delays.map((ms) => Math.max(ms, 0)) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const }) },
);

test('whatever is added, cancelled and waited for: each deadline fires once, exactly when it is due, in order', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom(0, 0.25, 31.5, 2 ** 31 - 7, 2 ** 40), fc.integer({ min: 0, max: 2 ** 33 })),
      fc.array(actions, { maxLength: 60 }),
      (start, steps) => {
        const clock = new ManualClock(start);
        const queue = new DeadlineQueue(clock);
        const model = new Model();
        const fired: { id: number; at: number }[] = [];
        const handles: Deadline[] = [];
        for (const step of steps) {
          if (step.kind === 'add') {
            const id = handles.length;
            handles.push(queue.add(step.delay, () => fired.push({ id, at: clock.now() }), step));
            model.waiting.set(id, clock.now() + Math.max(step.delay, 0));
          } else if (step.kind === 'cancel' && handles.length > 0) {
            const id = step.which % handles.length;
            handles[id]?.cancel();
            model.waiting.delete(id);
          } else if (step.kind === 'advance') {
            model.advance(clock.now(), clock.now() + step.by);
            clock.advance(step.by);
          } else if (step.kind === 'clear') {
            queue.clear();
            model.waiting.clear();
          }
          expect(queue.size).toBe(model.waiting.size);
          expect(clock.pendingTimers).toBeLessThanOrEqual(1);
        }
        expect(fired).toEqual(model.fired);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('deadlines that were overslept fire by the millisecond they were due in, then as they were added', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 100 }), (ms) => {
      let now = 5;
      let wake = (): void => {};
      const queue = new DeadlineQueue({
        now: () => now,
        coarseNow: () => now,
        setTimer: (callback) => {
          wake = callback;
          return { cancel() {}, ref() {}, unref() {} };
        },
      });
      const fired: number[] = [];
      ms.forEach((delay, id) => {
        queue.add(delay, () => fired.push(id));
      });
      now = 50_000;
      wake();
      const order = ms.map((delay, id) => ({ delay, id })).sort((a, b) => a.delay - b.delay || a.id - b.id);
      expect(fired).toEqual(order.map(({ id }) => id));
    }),
  );
});

test('however late the timer is: at its wake-up all that is due fires and nothing else, also what was added meanwhile', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: delays.filter((ms) => ms < 2 ** 33) }) },
    {
      weight: 2,
      arbitrary: fc.record({ oversleep: delays.filter((ms) => ms < 2 ** 33).map((ms) => Math.max(ms, 0)) }),
    },
    { weight: 1, arbitrary: fc.constant({ wake: true }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let now = 7;
      let timer: { callback: () => void; dueAt: number } | undefined;
      const queue = new DeadlineQueue({
        now: () => now,
        coarseNow: () => now,
        setTimer(callback, delayMs) {
          const own = { callback, dueAt: now + delayMs };
          timer = own;
          return {
            cancel() {
              if (timer === own) timer = undefined;
            },
            ref() {},
            unref() {},
          };
        },
      });
      const fired: number[] = [];
      let waiting: { id: number; dueAt: number }[] = [];
      let ids = 0;
      for (const action of [...steps, { oversleep: 2 ** 34 }, { wake: true }]) {
        if ('add' in action) {
          const id = ids;
          ids += 1;
          queue.add(action.add, () => fired.push(id));
          waiting.push({ id, dueAt: now + Math.max(action.add, 0) });
        } else if ('oversleep' in action) {
          now += action.oversleep;
        } else {
          const due = waiting.filter(({ dueAt }) => dueAt <= now);
          waiting = waiting.filter(({ dueAt }) => dueAt > now);
          // A timer that is due fires; it must have been set for no later than the first deadline.
          while (timer !== undefined && timer.dueAt <= now) {
            const { callback } = timer;
            timer = undefined;
            callback();
          }
          due.sort((a, b) => Math.floor(a.dueAt) - Math.floor(b.dueAt) || a.id - b.id);
          expect(fired.splice(0)).toEqual(due.map(({ id }) => id));
        }
      }
      expect(queue.size).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});

test('a wake-up that comes too early fires nothing and sleeps again', () => {
  let now = 0;
  const sleeps: number[] = [];
  let wake = (): void => {};
  const queue = new DeadlineQueue({
    now: () => now,
    coarseNow: () => now,
    setTimer: (callback, delayMs) => {
      wake = callback;
      sleeps.push(delayMs);
      return { cancel() {}, ref() {}, unref() {} };
    },
  });
  const fired: number[] = [];
  queue.add(20, () => fired.push(now));
  now = 19.4;
  wake();
  expect(fired).toEqual([]);
  expect(sleeps.length).toBe(2);
  expect(sleeps[1]).toBeCloseTo(0.6);
  now = 20;
  wake();
  expect(fired).toEqual([20]);
});

test('what callbacks add and cancel holds', () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const fired: string[] = [];
  let second: Deadline | undefined;
  queue.add(10, () => {
    fired.push(`first at ${clock.now()}`);
    second?.cancel();
    queue.add(0, () => fired.push(`added with no delay at ${clock.now()}`));
    queue.add(5, () => fired.push(`added at ${clock.now()}`));
  });
  second = queue.add(10, () => fired.push('cancelled'));
  queue.add(10, () => fired.push(`third at ${clock.now()}`));
  clock.advance(20);
  expect(fired).toEqual(['first at 10', 'third at 10', 'added with no delay at 10', 'added at 15']);
  expect(queue.size).toBe(0);
});

test('clear inside a callback stops those that are due at the same moment', () => {
  const clock = new ManualClock();
  const queue = new DeadlineQueue(clock);
  const fired: string[] = [];
  queue.add(10, () => {
    fired.push('first');
    queue.clear();
  });
  queue.add(10, () => fired.push('second'));
  clock.advance(100);
  expect(fired).toEqual(['first']);
  expect(clock.pendingTimers).toBe(0);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'a delay of %s is refused',
  (delay) => {
    const queue = new DeadlineQueue(new ManualClock());
    expect(() => queue.add(delay, () => {})).toThrow(RangeError);
    expect(queue.size).toBe(0);
  },
);

test('with the real clock, none of 2,000 deadlines is early', async () => {
  const queue = new DeadlineQueue();
  const early: number[] = [];
  await Promise.all(
    Array.from({ length: 2_000 }, (_, index) => {
      const delay = (index * 7) % 97;
      const due = performance.now() + delay;
      return new Promise<void>((resolve) => {
        queue.add(delay, () => {
          if (performance.now() < due) early.push(delay);
          resolve();
        });
      });
    }),
  );
  expect(early).toEqual([]);
});
