import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SingleLimitOptions } from '../src/index.js';
import { still, worstWindow } from './support/limiters.js';

const limitAndWindow = {
  limit: fc.integer({ min: 1, max: 60 }),
  windowMs: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 100_000 })),
};

/** Waits that an adversary would choose: none, around a sub-window, around the window, any; with fractions of a millisecond. */
const moves = fc.array(
  fc.record({
    wait: fc.oneof(
      fc.constant({ of: 'none' as const, times: 0 }),
      fc.record({ of: fc.constant('window' as const), times: fc.double({ min: 0, max: 2.2, noNaN: true }) }),
      fc.record({ of: fc.constant('sub-window' as const), times: fc.integer({ min: 0, max: 14 }) }),
      fc.record({ of: fc.constant('retry' as const), times: fc.constant(1) }),
    ),
    requests: fc.integer({ min: 1, max: 90 }),
    cost: fc.integer({ min: 1, max: 4 }),
  }),
  { minLength: 1, maxLength: 60 },
);
type Moves = typeof moves extends fc.Arbitrary<infer Value> ? Value : never;

/** Plays the moves and returns what was admitted and when. */
function play(options: Partial<SingleLimitOptions> & { windowMs: number }, plan: Moves) {
  const { limiter, clock } = still(options);
  const admissions: { at: number; cost: number }[] = [];
  let retry = 0;
  for (const { wait, requests, cost } of plan) {
    const unit = { none: 0, window: options.windowMs, 'sub-window': options.windowMs / 10, retry }[wait.of];
    clock.advance(Math.min(unit * wait.times, options.windowMs * 3));
    for (let request = 0; request < requests; request += 1) {
      const decision = limiter.consumeSync('adversary', { cost });
      if (decision.allowed) admissions.push({ at: clock.now(), cost });
      else retry = Number.isFinite(decision.retryAfterMs) ? decision.retryAfterMs : 0;
    }
  }
  return admissions;
}

test('strict admits at most the limit in ANY window, whatever an adversary does', () => {
  fc.assert(
    fc.property(
      fc.record(limitAndWindow),
      fc.integer({ min: 1, max: 70 }),
      moves,
      ({ limit, windowMs }, subWindows, plan) => {
        const admissions = play({ algorithm: 'strict', limit, windowMs, subWindows }, plan);
        expect(worstWindow(admissions, windowMs)).toBeLessThanOrEqual(limit);
      },
    ),
    { numRuns: 400 },
  );
});

test('gcra admits at most burst + limit in any window, and burst + rate x time in any time', () => {
  fc.assert(
    fc.property(
      fc.record(limitAndWindow),
      fc.integer({ min: 1, max: 80 }),
      moves,
      fc.double({ min: 0.01, max: 3, noNaN: true }),
      ({ limit, windowMs }, burst, plan, times) => {
        const admissions = play({ limit, windowMs, burst }, plan);
        const most = burst + limit * times + 1e-6;
        expect(worstWindow(admissions, windowMs * times)).toBeLessThanOrEqual(most);
      },
    ),
    { numRuns: 400 },
  );
});

test('fixed admits at most twice the limit in any window', () => {
  fc.assert(
    fc.property(fc.record(limitAndWindow), moves, ({ limit, windowMs }, plan) => {
      const admissions = play({ algorithm: 'fixed', limit, windowMs }, plan);
      expect(worstWindow(admissions, windowMs)).toBeLessThanOrEqual(2 * limit);
    }),
    { numRuns: 200 },
  );
});

test('a client that is idle and then bursts at every phase of the window: 100 a second, strict', () => {
  for (let phase = 0; phase < 1_000; phase += 9) {
    const { limiter, clock } = still({ algorithm: 'strict', limit: 100, windowMs: 1_000 });
    const admissions: { at: number; cost: number }[] = [];
    const greedy = (steps: number): void => {
      for (let step = 0; step < steps; step += 1) {
        for (let attempt = 0; attempt < 2; attempt += 1) {
          if (limiter.consumeSync('k').allowed) admissions.push({ at: clock.now(), cost: 1 });
        }
        clock.advance(1);
      }
    };
    clock.advance(phase);
    greedy(1);
    clock.advance(998 - (phase % 13));
    greedy(2_500);
    expect(worstWindow(admissions, 1_000)).toBeLessThanOrEqual(100);
    // And it is not strict by refusing everybody: about n / (n + 1) of the limit, at least.
    expect(admissions.length).toBeGreaterThan(2.5 * 85);
  }
});

test('whoever waits as told is allowed, with every algorithm', () => {
  const anyAlgorithm = fc.constantFrom('gcra' as const, 'strict' as const, 'fixed' as const);
  fc.assert(
    fc.property(anyAlgorithm, fc.record(limitAndWindow), moves, (algorithm, { limit, windowMs }, plan) => {
      const { limiter, clock } = still({ algorithm, limit, windowMs });
      for (const { wait, requests, cost } of plan) {
        clock.advance(wait.times * windowMs * 0.3);
        for (let request = 0; request < requests; request += 1) {
          const { allowed, retryAfterMs } = limiter.consumeSync('k', { cost });
          if (allowed || retryAfterMs === Number.POSITIVE_INFINITY) continue;
          expect(retryAfterMs).toBeGreaterThanOrEqual(1);
          clock.advance(retryAfterMs);
          expect(limiter.consumeSync('k', { cost }).allowed).toBe(true);
        }
      }
    }),
    { numRuns: 200 },
  );
});
