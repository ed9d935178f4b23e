import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { RateLimiter } from '../src/index.js';

test('a reservation at the end of a sub-window is given back there, so that strict stays strict', async () => {
  const manual = new ManualClock();
  let passing = 0;
  /** Half a millisecond goes by with every reading, where it is asked for. */
  const clock = {
    now: () => {
      const now = manual.now();
      if (passing > 0) manual.advance(passing);
      return now;
    },
    coarseNow: () => manual.now(),
    setTimer: (callback: () => void, delayMs: number) => manual.setTimer(callback, delayMs),
  };
  const limiter = new RateLimiter({ name: 'tokens', limit: 10, windowMs: 1_000, algorithm: 'strict', clock });
  manual.advance(100);
  passing = 0.5;
  const reservation = await limiter.reserve('a', 5);
  passing = 0;
  manual.advance(101 - manual.now());
  expect(limiter.consumeSync('a', { cost: 5 }).allowed).toBe(true);
  await reservation.settle(0);
  manual.advance(1_100.5 - manual.now());
  // 5 were used 999.5 ms ago: no more than 5 may follow in this window.
  expect(limiter.consumeSync('a', { cost: 10 }).allowed).toBe(false);
  expect(limiter.consumeSync('a', { cost: 5 }).allowed).toBe(true);
});
