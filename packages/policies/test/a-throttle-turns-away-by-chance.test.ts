import { ManualClock } from '@mainstay/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRejectedError, throttle } from '../src/index.js';
import { broken, settled } from './helpers.js';

const fail = () => Promise.reject(broken);

test('the rate is that of the book, at most maxRejectionRate, whatever is accepted and rejected', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 60 }),
      fc.constantFrom(1, 1.1, 2, 5),
      async (outcomes, multiplier) => {
        const clock = new ManualClock(0);
        const policy = throttle({ multiplier, random: () => 0.9999, clock });
        let accepts = 0;
        for (const [index, accepted] of outcomes.entries()) {
          await policy.execute(accepted ? () => 1 : fail).catch(() => {});
          if (accepted) accepts += 1;
          const requests = index + 1;
          const rate = Math.min(0.9, Math.max(0, (requests - multiplier * accepts) / (requests + 1)));
          expect(policy.rejectionRate).toBeCloseTo(rate, 10);
          expect(policy.stats()).toMatchObject({ requests, accepts, rejected: 0 });
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('a healthy dependency is never throttled, and neither are calls that are still running', async () => {
  const policy = throttle({ random: () => 0 });
  for (let call = 0; call < 100; call += 1) policy.execute(() => new Promise(() => {})).catch(() => {});
  expect(policy.rejectionRate).toBe(0);
  for (let call = 0; call < 100; call += 1) await policy.execute(() => 1);
  expect(policy.stats()).toMatchObject({ rejected: 0, succeeded: 100 });
});

test('one that is down sees a tenth of the calls; it recovers when it accepts again, and the window forgets', async () => {
  const clock = new ManualClock(0);
  let seed = 0;
  const random = () => {
    seed += 0.37;
    return seed % 1;
  };
  const policy = throttle({ clock, random });
  let made = 0;
  for (let call = 0; call < 2_000; call += 1) {
    await policy
      .execute(() => {
        made += 1;
        return fail();
      })
      .catch(() => {});
  }
  expect(policy.rejectionRate).toBe(0.9);
  expect(made).toBeLessThan(2_000 * 0.15);
  let accepted = 0;
  for (let call = 0; call < 30_000 && policy.rejectionRate > 0; call += 1) {
    clock.advance(10);
    await policy.execute(() => accepted++).catch(() => {});
  }
  expect(policy.rejectionRate).toBe(0);
  expect(accepted).toBeGreaterThan(0);
  clock.advance(200_000);
  expect(policy.stats()).toMatchObject({ requests: 0, accepts: 0, rejectionRate: 0 });
});

test('a call that is turned away is not made, and rejects without a stack', async () => {
  const clock = new ManualClock(0);
  const policy = throttle({ name: 'model-a', clock, random: () => 0 });
  const rates: number[] = [];
  policy.on('reject', ({ rejectionRate }) => rates.push(rejectionRate));
  await policy.execute(fail).catch(() => {});
  let made = false;
  const error = await policy
    .execute(() => {
      made = true;
    })
    .catch((reason: unknown) => reason);
  expect(made).toBe(false);
  expect(isRejectedError(error)).toBe(true);
  expect(error).toMatchObject({ code: 'ERR_THROTTLED', policyName: 'model-a', reason: 'throttled' });
  expect(String((error as Error).stack)).not.toContain('\n');
  expect(rates).toEqual([0.5]);
  expect(policy.stats()).toMatchObject({ failed: 1, rejected: 1 });
});

test('errors and results that are no rejection count as accepted; a caller who went away as neither', async () => {
  const policy = throttle({
    isRejection: { error: (error) => error !== broken, result: (result: number) => result === 429 },
  });
  await policy.execute(fail).catch(() => {});
  await policy.execute(() => 429);
  await policy.execute(() => 200);
  expect(policy.stats()).toMatchObject({ requests: 3, accepts: 2 });
  const controller = new AbortController();
  const call = policy.execute(
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    { signal: controller.signal },
  );
  controller.abort(new Error('gone'));
  await call.catch(() => {});
  await settled();
  expect(policy.stats()).toMatchObject({ requests: 3, accepts: 2, aborted: 1 });
});

test('a random that throws turns nobody away, and execute does not throw', async () => {
  const policy = throttle({
    clock: new ManualClock(0),
    random: () => {
      throw new Error('no chance');
    },
  });
  for (let call = 0; call < 3; call += 1) await policy.execute(fail).catch(() => {});
  expect(policy.rejectionRate).toBeGreaterThan(0);
  expect(await policy.execute(() => 'let through')).toBe('let through');
});
