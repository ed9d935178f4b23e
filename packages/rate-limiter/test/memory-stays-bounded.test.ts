import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyTable } from '../src/key-table.js';
import { admitted, still } from './support/limiters.js';

test('under pressure new keys share buckets, and one that gets a place later begins with what its bucket used', () => {
  const { limiter, clock } = still({ limit: 10, windowMs: 10_000, algorithm: 'strict', maxKeys: 3 });
  for (const key of ['a', 'b', 'c']) limiter.consumeSync(key);
  expect(admitted(limiter, 20, 'late')).toBe(10);
  expect(limiter.stats()).toMatchObject({ keys: 3, overflowed: 20 });
  clock.advance(5_000);
  for (const key of ['a', 'b', 'c']) limiter.consumeSync(key);
  clock.advance(4_000);
  expect(limiter.consumeSync('late').allowed).toBe(false);
  // The first three have used nothing for a window: their places are free, and the shared bucket is empty as well.
  clock.advance(30_000);
  expect(admitted(limiter, 20, 'late')).toBe(10);
  expect(limiter.stats().keys).toBeLessThanOrEqual(3);
});

test('moving from a shared bucket into a place of its own gives no new quota', () => {
  const { limiter, clock } = still({ limit: 10, windowMs: 10_000, algorithm: 'strict', maxKeys: 1 });
  limiter.consumeSync('first');
  clock.advance(9_000);
  expect(admitted(limiter, 20, 'late')).toBe(10);
  clock.advance(2_500);
  // "first" is blank by now, so "late" gets its place.
  expect(limiter.consumeSync('late').allowed).toBe(false);
  expect(limiter.stats()).toMatchObject({ evictions: 1, keys: 1 });
});

test('no key ever gets more than its bound in a window, however many others are sprayed between', () => {
  const move = fc.record({
    key: fc.integer({ min: 0, max: 30 }),
    afterMs: fc.integer({ min: 0, max: 400 }),
    requests: fc.integer({ min: 1, max: 8 }),
  });
  const algorithms = fc.constantFrom(
    { options: { algorithm: 'strict' as const }, most: 5 },
    { options: { algorithm: 'gcra' as const, burst: 3 }, most: 8 },
    { options: { algorithm: 'fixed' as const }, most: 10 },
  );
  fc.assert(
    fc.property(
      algorithms,
      fc.integer({ min: 1, max: 8 }),
      fc.array(move, { maxLength: 300 }),
      (one, maxKeys, plan) => {
        const { limiter, clock } = still({ limit: 5, windowMs: 1_000, ...one.options, maxKeys });
        const times = new Map<number, number[]>();
        for (const { key, afterMs, requests } of plan) {
          clock.advance(afterMs);
          const own = times.get(key) ?? [];
          times.set(key, own);
          for (let request = 0; request < requests; request += 1) {
            if (limiter.consumeSync(`k${key}`).allowed) own.push(clock.now());
          }
          const recent = own.filter((at) => at > clock.now() - 1_000);
          expect(recent.length).toBeLessThanOrEqual(one.most);
          expect(limiter.stats().keys).toBeLessThanOrEqual(maxKeys);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('keys that used nothing for a while make room without any timer', () => {
  const { limiter, clock } = still({ limit: 5, windowMs: 1_000, maxKeys: 1_000 });
  for (let number = 0; number < 100_000; number += 1) {
    limiter.consumeSync(`visitor ${number}`);
    clock.advance(10);
  }
  expect(limiter.stats().keys).toBeLessThan(400);
  expect(limiter.stats().overflowed).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test('the table of keys agrees with a plain map', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 20 }), value: fc.integer({ min: 0, max: 3 }) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 200 }), (maxKeys, steps) => {
      const table: KeyTable = new KeyTable(2, maxKeys, (at) => table.state[at + 1] === 0);
      const model = new Map<string, number>();
      for (const { key, value } of steps) {
        const name = String(key);
        const at = table.find(name) ?? table.claim(name, 0);
        if (at === -1) {
          // Full: nobody in it is blank, as far as the hand has looked.
          expect(table.size).toBe(maxKeys);
          continue;
        }
        expect(table.state[at + 1]).toBe(model.get(name) ?? 0);
        table.state[at] = 99;
        table.state[at + 1] = value;
        model.set(name, value);
      }
      for (const [name, value] of model) {
        const at = table.find(name);
        if (at !== undefined) expect(table.state[at + 1]).toBe(value);
        else expect(value).toBe(0);
      }
    }),
  );
});

test('a key of any length weighs no more than a short one, and different long keys stay different', () => {
  const { limiter } = still({ limit: 1, windowMs: 1_000, algorithm: 'strict' });
  const long = 'x'.repeat(100_000);
  expect(limiter.consumeSync(`${long}1`).allowed).toBe(true);
  expect(limiter.consumeSync(`${long}1`).allowed).toBe(false);
  expect(limiter.consumeSync(`${long}2`).allowed).toBe(true);
});

test('a window of 1 ms and one of 400 days count right', () => {
  const { limiter, clock } = still({ limit: 3, windowMs: 1, algorithm: 'strict' });
  expect(admitted(limiter, 5)).toBe(3);
  clock.advance(0.5);
  expect(admitted(limiter, 5)).toBe(0);
  clock.advance(0.7);
  expect(admitted(limiter, 5)).toBe(3);
  const year = 400 * 86_400_000;
  const long = still({ limit: 400, windowMs: year, burst: 1 });
  expect(admitted(long.limiter, 5)).toBe(1);
  expect(long.limiter.consumeSync('k').retryAfterMs).toBe(86_400_000);
  for (let daily = 0; daily < 900; daily += 1) {
    long.clock.advance(86_400_000);
    expect(admitted(long.limiter, 2)).toBe(1);
  }
});
