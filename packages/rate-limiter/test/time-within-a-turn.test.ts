import { ManualClock } from '@mainstay/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RateLimiter, type SingleLimitOptions } from '../src/index.js';
import { worstWindow } from './support/limiters.js';

/** Reads the coarse time once a turn; turns end when they are told to. */
class TurningClock extends ManualClock {
  #reading: number | undefined;

  override coarseNow(): number {
    this.#reading ??= this.now();
    return this.#reading;
  }

  endTurn(): void {
    this.#reading = undefined;
  }
}

const moves = fc.array(
  fc.record({
    wait: fc.double({ min: 0, max: 1, noNaN: true }),
    turnEnds: fc.boolean(),
    requests: fc.integer({ min: 1, max: 40 }),
  }),
  { minLength: 1, maxLength: 80 },
);
type Moves = typeof moves extends fc.Arbitrary<infer Value> ? Value : never;

/** Work between the decisions of one turn, no turn longer than `longestTurnMs`; between turns up to a whole window passes. */
function play(options: SingleLimitOptions, clock: TurningClock, longestTurnMs: number, plan: Moves) {
  const limiter = new RateLimiter({ ...options, clock });
  const admissions: { at: number; cost: number }[] = [];
  let turnBegan = clock.now();
  for (const { wait, turnEnds, requests } of plan) {
    const inTurn = wait * longestTurnMs;
    if (turnEnds || clock.now() + inTurn - turnBegan > longestTurnMs) {
      clock.advance(wait * options.windowMs);
      clock.endTurn();
      turnBegan = clock.now();
    } else clock.advance(inTurn);
    for (let request = 0; request < requests; request += 1) {
      if (limiter.consumeSync('k').allowed) admissions.push({ at: clock.now(), cost: 1 });
    }
  }
  return admissions;
}

const limits = { limit: fc.integer({ min: 1, max: 60 }), windowMs: fc.integer({ min: 1, max: 10_000 }) };

test('gcra reads the time once a turn: its bound grows by no more than the rate gives in the longest turn', () => {
  fc.assert(
    fc.property(
      fc.record(limits),
      fc.integer({ min: 1, max: 20 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      moves,
      ({ limit, windowMs }, burst, turn, plan) => {
        const longestTurnMs = turn * windowMs;
        const options = { name: 'turns', limit, windowMs, burst };
        const admissions = play(options, new TurningClock(1_000), longestTurnMs, plan);
        for (const times of [0.1, 0.5, 1, 2]) {
          const most = burst + limit * times + limit * turn + 1e-6;
          expect(worstWindow(admissions, windowMs * times)).toBeLessThanOrEqual(most);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('strict and fixed read the clock for each decision: their bounds know no turns', () => {
  for (const [algorithm, most] of [
    ['strict', 1],
    ['fixed', 2],
  ] as const) {
    fc.assert(
      fc.property(
        fc.record(limits),
        fc.double({ min: 0, max: 3, noNaN: true }),
        moves,
        (limited, turn, plan) => {
          const { limit, windowMs } = limited;
          const options = { name: 'turns', limit, windowMs, algorithm };
          const admissions = play(options, new TurningClock(1_000), turn * windowMs, plan);
          expect(worstWindow(admissions, windowMs)).toBeLessThanOrEqual(most * limit);
        },
      ),
      { numRuns: 200 },
    );
  }
});

test('in a turn that does not end, time goes on after sixteen decisions', () => {
  const clock = new TurningClock(1_000);
  const limiter = new RateLimiter({ name: 'loop', limit: 10, windowMs: 1_000, burst: 1, clock });
  expect(limiter.consumeSync('k').allowed).toBe(true);
  clock.advance(100);
  let asked = 1;
  while (!limiter.consumeSync('k').allowed) asked += 1;
  expect(asked).toBeLessThanOrEqual(16);
});
