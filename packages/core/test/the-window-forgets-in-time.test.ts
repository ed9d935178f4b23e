import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock, RollingWindow } from '../src/index.js';

interface Event {
  bucket: number;
  counter: number;
  amount: number;
}

/** Keeps every event, and counts those of the last buckets. */
class Model {
  readonly #events: Event[] = [];
  #current: number;
  readonly #buckets: number;
  readonly #bucketMs: number;

  constructor(now: number, windowMs: number, buckets: number) {
    this.#bucketMs = windowMs / buckets;
    this.#buckets = buckets;
    this.#current = Math.floor(now / this.#bucketMs);
  }

  /** Time that goes backwards stays in the bucket it was in. */
  at(now: number): void {
    this.#current = Math.max(this.#current, Math.floor(now / this.#bucketMs));
  }

  add(counter: number, amount: number): void {
    this.#events.push({ bucket: this.#current, counter, amount });
  }

  sum(counter: number): number {
    return this.#events
      .filter((event) => event.counter === counter && event.bucket > this.#current - this.#buckets)
      .reduce((sum, event) => sum + event.amount, 0);
  }
}

const gaps = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -2_000, max: 0 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 45 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 8_000 }).map((eighths) => eighths / 8) },
);

test('after any gaps, forwards or back, the sums are those of a list of all events', () => {
  fc.assert(
    fc.property(
      fc.record({
        windowMs: fc.integer({ min: 1, max: 2_000 }),
        buckets: fc.integer({ min: 1, max: 12 }),
        counters: fc.integer({ min: 1, max: 4 }),
        start: fc.integer({ min: 0, max: 2 ** 40 }),
      }),
      fc.array(fc.record({ gap: gaps, counter: fc.nat(), amount: fc.integer({ min: 0, max: 2 ** 33 }) }), {
        maxLength: 60,
      }),
      ({ windowMs, buckets, counters, start }, steps) => {
        const clock = new ManualClock(start);
        const window = new RollingWindow({ windowMs, buckets, counters, clock });
        const model = new Model(start, windowMs, buckets);
        let now = start;
        for (const { gap, counter, amount } of steps) {
          now = Math.max(0, now + gap);
          model.at(now);
          window.add(counter % counters, amount, now);
          model.add(counter % counters, amount);
          for (let index = 0; index < counters; index += 1) {
            expect(window.sum(index, now)).toBe(model.sum(index));
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('what was counted stays for at least the window less a bucket, and at most the window', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), (start) => {
      const clock = new ManualClock(start);
      const window = new RollingWindow({ windowMs: 1_000, buckets: 10, counters: 1, clock });
      window.add(0);
      clock.advance(899);
      expect(window.sum(0)).toBe(1);
      clock.advance(101);
      expect(window.sum(0)).toBe(0);
    }),
  );
});

test('reading forgets as well as adding does', () => {
  const clock = new ManualClock();
  const window = new RollingWindow({ windowMs: 1_000, buckets: 4, counters: 2, clock });
  window.add(0, 5);
  window.add(1, 7);
  clock.advance(500);
  window.add(0, 3);
  expect([window.sum(0), window.sum(1)]).toEqual([8, 7]);
  clock.advance(500);
  expect([window.sum(0), window.sum(1)]).toEqual([3, 0]);
  clock.advance(1e12);
  expect([window.sum(0), window.sum(1)]).toEqual([0, 0]);
});

test('a gap of a century costs no more than a full turn', () => {
  const window = new RollingWindow({ windowMs: 10, buckets: 10, counters: 1, clock: new ManualClock() });
  let now = 0;
  for (let index = 0; index < 1_000; index += 1) {
    now += 3.2e12;
    window.add(0, 1, now);
  }
  expect(window.sum(0, now)).toBe(1);
  // Bucket by bucket this would take hours.
});

test('a reading that is no number is counted now', () => {
  const window = new RollingWindow({ windowMs: 1_000, buckets: 10, counters: 1, clock: new ManualClock(5) });
  window.add(0, 1, Number.NaN);
  expect(window.sum(0)).toBe(1);
});

test('reset forgets everything and goes on', () => {
  const window = new RollingWindow({ windowMs: 1_000, buckets: 10, counters: 2, clock: new ManualClock() });
  window.add(1, 4);
  window.reset();
  expect(window.sum(1)).toBe(0);
  window.add(1);
  expect(window.sum(1)).toBe(1);
});

test.each([-1, 2, 0.5, Number.NaN])('counter %s of two does not exist', (counter) => {
  const window = new RollingWindow({ windowMs: 1_000, buckets: 10, counters: 2, clock: new ManualClock() });
  expect(() => window.add(counter)).toThrow(/counter must be from 0 to 1/);
  expect(() => window.sum(counter)).toThrow(RangeError);
});

test.each([
  [
    { windowMs: 0, buckets: 10, counters: 1 },
    'RollingWindow: option "windowMs" must be a number of milliseconds from 1 to 2147483647, received 0',
  ],
  [
    { windowMs: 1_000, buckets: 0, counters: 1 },
    'RollingWindow: option "buckets" must be a whole number from 1 to 3600, received 0',
  ],
  [
    { windowMs: 1_000, buckets: 1.5, counters: 1 },
    'RollingWindow: option "buckets" must be a whole number from 1 to 3600, received 1.5',
  ],
  [
    { windowMs: 1_000, buckets: 10, counters: 65 },
    'RollingWindow: option "counters" must be a whole number from 1 to 64, received 65',
  ],
])('%o is refused', (options, message) => {
  expect(() => new RollingWindow(options)).toThrow(new RangeError(message));
});
