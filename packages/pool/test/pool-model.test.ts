import { ManualClock } from '@mainstay/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pool } from '../src/index.js';
import { step, World } from './support/pool-world.js';
import { turn } from './support/things.js';

test('never more than max, never in two hands, and every caller gets an answer, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.nat(1),
      fc.boolean(),
      fc.nat(2),
      fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }),
      async (max, min, checks, overflow, steps) => {
        const world = new World(max, min, checks, overflow);
        for (const next of steps) await world.take(next);
        await world.end();
      },
    ),
    { numRuns: 300 },
  );
});

test('callers who never give up are all served, first come, first served, once the server is well', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.boolean(), { maxLength: 30, size: 'max' }),
      fc.integer({ min: 1, max: 40 }),
      async (max, dials, callers) => {
        const clock = new ManualClock();
        let dial = 0;
        let made = 0;
        const create = async () => {
          // The first one is there, so that callers wait for it instead of failing with the server.
          const well = made === 0 || dial >= dials.length || dials[dial] === true;
          dial += 1;
          await turn();
          if (!well) throw new Error('refused');
          made += 1;
          return { id: made };
        };
        const pool = new Pool({ name: 'order', max, create, clock, acquireTimeoutMs: 0 });
        const first = await pool.acquire();
        const order: number[] = [];
        const waiting = Array.from({ length: callers }, (_, caller) =>
          pool.use(async () => {
            order.push(caller);
            await turn();
          }),
        );
        first.release();
        for (let round = 0; round < 20; round++) await clock.advanceAsync(100);
        await Promise.all(waiting);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        await pool.drain();
      },
    ),
    { numRuns: 50 },
  );
});
