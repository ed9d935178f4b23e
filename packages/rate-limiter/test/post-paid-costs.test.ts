import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Reservation } from '../src/index.js';
import { admitted, still, worstWindow } from './support/limiters.js';

test('what is never settled stays taken as estimated', async () => {
  const { limiter } = still({ limit: 100, windowMs: 60_000, algorithm: 'strict' });
  await limiter.reserve('k', 60);
  expect(admitted(limiter, 100)).toBe(40);
});

test('with gcra, what was refilled meanwhile is not given back a second time', async () => {
  const { limiter, clock } = still({ limit: 100, windowMs: 1_000, burst: 10 });
  const reservation = await limiter.reserve('k', 10);
  clock.advance(100);
  expect(admitted(limiter, 20)).toBe(10);
  await reservation.settle(0);
  // The bound is burst + rate x time: 10 are out already.
  expect(admitted(limiter, 20)).toBe(0);
});

test('more than the estimate makes the key wait, as long as that takes', async () => {
  const { limiter, clock } = still({ limit: 100, windowMs: 1_000, burst: 10 });
  await (await limiter.reserve('k', 1)).settle(60);
  const { retryAfterMs } = limiter.consumeSync('k');
  expect(retryAfterMs).toBe(510);
  clock.advance(510);
  expect(limiter.consumeSync('k').allowed).toBe(true);
});

test('wrong amounts are named', async () => {
  const { limiter } = still();
  const reservation = await limiter.reserve('k', 1);
  await expect(reservation.settle(-1)).rejects.toThrow('actual of settle must be a finite number');
  await expect(limiter.reserve('k', Number.NaN)).rejects.toThrow(RangeError);
});

test('settling never lets real costs pass the bound of the algorithm, whatever an adversary reserves', async () => {
  const move = fc.record({
    act: fc.constantFrom('consume', 'reserve', 'settle'),
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 700 })),
    cost: fc.integer({ min: 1, max: 12 }),
    actual: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('gcra' as const, 'strict' as const),
      fc.array(move, { minLength: 1, maxLength: 60 }),
      async (algorithm, plan) => {
        const { limiter, clock } = still({
          limit: 20,
          windowMs: 1_000,
          algorithm,
          ...(algorithm === 'gcra' ? { burst: 12 } : {}),
        });
        const costs: { at: number; cost: number }[] = [];
        const open: { reservation: Reservation; entry: { at: number; cost: number } }[] = [];
        for (const { act, afterMs, cost, actual } of plan) {
          clock.advance(afterMs);
          if (act === 'settle') {
            const first = open.shift();
            if (first === undefined) continue;
            first.entry.cost *= actual;
            await first.reservation.settle(first.entry.cost);
            continue;
          }
          const reservation = await limiter.reserve('k', cost);
          if (!reservation.allowed) continue;
          const entry = { at: clock.now(), cost };
          costs.push(entry);
          if (act === 'reserve') open.push({ reservation, entry });
        }
        expect(worstWindow(costs, 1_000)).toBeLessThanOrEqual((algorithm === 'gcra' ? 32 : 20) + 1e-3);
      },
    ),
    { numRuns: 500 },
  );
});
